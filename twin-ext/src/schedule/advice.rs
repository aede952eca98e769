//! Suggests an equivalent for a cron expression of another dialect.
//!
//! A suggestion is valid and has the same meaning. Dialects differ. In expressions of five fields,
//! Sunday is day 0, and the schedule matches the day *or* the day of the week, unless one of them
//! begins with `*`. In Amazon's `cron(…)`, Sunday is day 1. In expressions of six fields, either
//! the first field is seconds, or the last is the year.

use super::fields::CronFields;

const FIELD_NAMES: &str = "sec min hour day month day-of-week year";

/// The days of the week, from Sunday.
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The words that replace an expression of five fields, and their equivalents.
const WORDS: [(&str, &str); 7] = [
    ("@yearly", "0 0 0 1 1 * *"),
    ("@annually", "0 0 0 1 1 * *"),
    ("@monthly", "0 0 0 1 * * *"),
    ("@weekly", "0 0 0 * * SUN *"),
    ("@daily", "0 0 0 * * * *"),
    ("@midnight", "0 0 0 * * * *"),
    ("@hourly", "0 0 * * * * *"),
];

/// The number of Sunday in a dialect.
#[derive(Clone, Copy)]
enum Sunday {
    /// Sunday is 0 and 7.
    Zero,
    /// Sunday is 1.
    One,
}

/// Describes the problem of an expression and suggests an equivalent. Returns `None` if the
/// expression has seven fields.
pub(super) fn advice(expression: &str) -> Option<String> {
    let expression = expression.trim();
    let fields: Vec<&str> = expression.split_whitespace().collect();
    if let Some(inner) = in_parentheses(expression) {
        return Some(for_parentheses(inner));
    }
    Some(match *fields {
        [first, ..] if first.contains('=') => {
            format!(
                "has a time zone, which Twin does not take: write only 7 fields ({FIELD_NAMES})"
            )
        }
        [word, ..] if word.starts_with('@') => for_word(word, fields.len()),
        [_, _, _, _, _, _, _] => return None,
        [_, _, _, _, _] => for_five_fields(&fields),
        [_, _, _, _, _, _] => for_six_fields(&fields),
        _ => {
            let count = fields.len();
            let plural = if count == 1 { "field" } else { "fields" };
            format!("has {count} {plural}, and Twin takes 7: {FIELD_NAMES}")
        }
    })
}

/// Returns the text between the parentheses of `cron(…)` or `rate(…)`.
fn in_parentheses(expression: &str) -> Option<&str> {
    expression.strip_suffix(')')?.split_once('(').map(|(_, inner)| inner)
}

/// Suggests an equivalent for Amazon's `cron(min hour day month day-of-week year)`.
fn for_parentheses(inner: &str) -> String {
    let problem = format!("has parentheses, and Twin takes 7 fields without them ({FIELD_NAMES})");
    let fields: Vec<&str> = inner.split_whitespace().collect();
    let [minute, hour, day, month, weekday, year] = *fields else { return problem };
    let seven = with_day_names(weekday, Sunday::One)
        .filter(|_| are_unambiguous([minute, hour, day, month]))
        .map(|weekday| format!("0 {minute} {hour} {day} {month} {weekday} {year}"));
    suggest(&problem, seven.as_slice())
}

fn for_word(word: &str, words: usize) -> String {
    let problem = format!("is a word, and Twin takes 7 fields ({FIELD_NAMES})");
    let known = WORDS.iter().find(|(name, _)| words == 1 && name.eq_ignore_ascii_case(word));
    let seven = known.map(|(_, fields)| (*fields).to_owned());
    suggest(&problem, seven.as_slice())
}

fn for_five_fields(fields: &[&str]) -> String {
    let problem = format!("has 5 fields, and Twin takes 7 ({FIELD_NAMES})");
    match five_as_seven(fields).as_deref() {
        Some([seven]) => suggest(&problem, std::slice::from_ref(seven)),
        Some(two) => suggest(&format!("{problem}, and both day and day-of-week must match"), two),
        None => format!(
            "{problem}: put \"0\" before it and \"*\" after it, and write days of the week as \
             names, starting with Sunday (SUN,FRI-SAT)"
        ),
    }
}

/// Returns the equivalent of five fields: two expressions if either of two fields may match.
fn five_as_seven(fields: &[&str]) -> Option<Vec<String>> {
    let [minute, hour, day, month, weekday] = *fields else { return None };
    let named = with_day_names(weekday, Sunday::Zero)?;
    let seven = |day: &str, weekday: &str| format!("0 {minute} {hour} {day} {month} {weekday} *");
    let any = |field: &str| field.starts_with(['*', '?']);
    let expressions = if any(day) || any(weekday) {
        vec![seven(day, &named)]
    } else {
        vec![seven(day, "*"), seven("*", &named)]
    };
    let all = are_unambiguous([minute, hour, day, month])
        && expressions.iter().all(|seven| is_valid(seven));
    all.then_some(expressions)
}

/// Suggests equivalents for six fields. The first field may be seconds, or the last may be the
/// year, so each suggestion has a condition.
fn for_six_fields(fields: &[&str]) -> String {
    let problem = format!("has 6 fields, and Twin takes 7 ({FIELD_NAMES})");
    let [first, second, third, fourth, fifth, sixth] = *fields else { return problem };
    let has_numbers = |field: &str| field.contains(|letter: char| letter.is_ascii_digit());
    let with_seconds = with_day_names(sixth, Sunday::Zero)
        .filter(|_| are_unambiguous([first, second, third, fourth, fifth]))
        .map(|day| format!("{first} {second} {third} {fourth} {fifth} {day} *"));
    // Dialects with a year differ in the number of Sunday.
    let with_year = Some(fifth)
        .filter(|day| {
            is_year(sixth) && !has_numbers(day) && are_unambiguous([first, second, third, fourth])
        })
        .map(|day| format!("0 {first} {second} {third} {fourth} {day} {sixth}"));
    let counted = if has_numbers(sixth) { " and day 1 is Monday" } else { "" };
    let readings = [
        (with_seconds, format!("if the first field is seconds{counted}")),
        (with_year, "if the last field is the year".to_owned()),
    ];
    let readings: Vec<String> = readings
        .into_iter()
        .filter_map(|(seven, condition)| Some((seven.filter(|seven| is_valid(seven))?, condition)))
        .map(|(seven, condition)| format!("{condition}, write {seven:?}"))
        .collect();
    if readings.is_empty() { problem } else { format!("{problem}: {}", readings.join("; ")) }
}

/// Returns whether a field can be a year.
fn is_year(field: &str) -> bool {
    field == "*"
        || field.split([',', '-']).all(|year| year.len() == 4 && year.parse::<u16>().is_ok())
}

/// Returns the problem, followed by the suggested expressions if all of them are valid.
fn suggest(problem: &str, expressions: &[String]) -> String {
    if expressions.is_empty() || !expressions.iter().all(|seven| is_valid(seven)) {
        return problem.to_owned();
    }
    let quoted: Vec<String> = expressions.iter().map(|seven| format!("{seven:?}")).collect();
    format!("{problem}: write {}", quoted.join(" or "))
}

fn is_valid(seven: &str) -> bool {
    CronFields::parse(seven).is_ok()
}

/// Returns whether each field has the same meaning in every dialect. `5/15` does not: it is only
/// 5, every 15 from 5 on, or an error.
fn are_unambiguous<const N: usize>(fields: [&str; N]) -> bool {
    let open = |part: &str| {
        part.split_once('/').is_some_and(|(start, _)| !start.contains(['*', '-', '?']))
    };
    !fields.iter().any(|field| field.split(',').any(open))
}

/// Replaces numbers of days with names: `1-5` becomes `MON-FRI`.
///
/// Returns `None` for a step, which starts at the first day of the week, and for a range that names
/// cannot express.
fn with_day_names(field: &str, sunday: Sunday) -> Option<String> {
    let parts = field.split(',').map(|part| {
        if part.contains('/') {
            return None;
        }
        let Some((first, last)) = part.split_once('-') else { return day(part, sunday) };
        if let (Ok(first), Ok(last)) = (first.parse::<u8>(), last.parse::<u8>()) {
            // `0-7` is the whole week, but `SUN-SUN` is one day.
            if first > last || last - first >= 7 {
                return None;
            }
        }
        Some(format!("{}-{}", day(first, sunday)?, day(last, sunday)?))
    });
    parts.collect::<Option<Vec<_>>>().map(|parts| parts.join(","))
}

fn day(text: &str, sunday: Sunday) -> Option<String> {
    let Ok(number) = text.parse::<usize>() else { return Some(text.to_owned()) };
    let from_sunday = match sunday {
        Sunday::Zero if number <= 7 => number % 7,
        Sunday::Zero => return None,
        Sunday::One => number.checked_sub(1)?,
    };
    DAYS.get(from_sunday).map(|name| (*name).to_owned())
}
