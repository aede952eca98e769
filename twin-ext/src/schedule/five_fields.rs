//! What to write in place of an expression that has another number of fields than seven.
//!
//! It says so only where the meaning stays the same. Crons of five fields count the days of
//! the week from Sunday as 0, and run when either a day or a day of the week fits.

use std::str::FromStr as _;

/// The days, as crons of five fields count them.
const DAYS: [&str; 8] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

const FIELDS: &str = "sec min hour day month day-of-week year";

/// What an expression of five fields is that is written as a word.
const WORDS: [(&str, &str); 7] = [
    ("@yearly", "0 0 0 1 1 * *"),
    ("@annually", "0 0 0 1 1 * *"),
    ("@monthly", "0 0 0 1 * * *"),
    ("@weekly", "0 0 0 * * SUN *"),
    ("@daily", "0 0 0 * * * *"),
    ("@midnight", "0 0 0 * * * *"),
    ("@hourly", "0 0 * * * * *"),
];

/// What is wrong with the number of fields, and what to write; `None` of seven.
pub(super) fn remedy(fields: &[&str]) -> Option<String> {
    Some(match *fields {
        [_, _, _, _, _, _, _] => return None,
        [minute, hour, day, month, weekday] => {
            let has = format!("has 5 fields, and Twin takes 7 ({FIELDS})");
            match written(minute, hour, day, month, weekday).as_deref() {
                Some([write]) => format!("{has}: write {write:?}"),
                Some([one, two]) => format!(
                    "{has}, of which both day and day-of-week must hold: \
                     write {one:?} or {two:?}"
                ),
                _ => format!(
                    "{has}: put \"0\" before it and \"*\" after it, and write days of the week \
                     as names, Sunday first (SUN,FRI-SAT)"
                ),
            }
        }
        [second, minute, hour, day, month, weekday] => format!(
            "has 6 fields, and Twin takes 7 ({FIELDS}): if the first are seconds, \
             write \"{second} {minute} {hour} {day} {month} {weekday} *\""
        ),
        [word] if word.starts_with('@') => {
            let known = WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
            match known {
                Some((_, fields)) => {
                    format!("is a word, and Twin takes 7 fields ({FIELDS}): write {fields:?}")
                }
                None => format!("is a word, and Twin takes 7 fields ({FIELDS})"),
            }
        }
        _ => {
            let count = fields.len();
            let plural = if count == 1 { "field" } else { "fields" };
            format!("has {count} {plural}, and Twin takes 7: {FIELDS}")
        }
    })
}

/// The same times in seven fields: two expressions where either of two fields counts. `None`
/// where there is no saying so.
fn written(minute: &str, hour: &str, day: &str, month: &str, weekday: &str) -> Option<Vec<String>> {
    let weekday = named(weekday)?;
    let of = |day: &str, weekday: &str| format!("0 {minute} {hour} {day} {month} {weekday} *");
    let any = |field: &str| ["*", "?"].contains(&field);
    let expressions = if any(day) || any(&weekday) {
        vec![of(day, &weekday)]
    } else {
        vec![of(day, "*"), of("*", &weekday)]
    };
    let valid = expressions.iter().all(|text| cron::Schedule::from_str(text).is_ok());
    valid.then_some(expressions)
}

/// A field of days of the week with names for numbers: `1-5` is `MON-FRI`. `None` of one with
/// a step, which counts from the first day of the week, and that is another here.
fn named(field: &str) -> Option<String> {
    let parts = field.split(',').map(|part| {
        let ends: Option<Vec<String>> = part.split('-').map(day).collect();
        ends.filter(|_| !part.contains('/')).map(|ends| ends.join("-"))
    });
    parts.collect::<Option<Vec<_>>>().map(|parts| parts.join(","))
}

fn day(text: &str) -> Option<String> {
    match text.parse::<usize>() {
        Ok(number) => DAYS.get(number).map(|name| (*name).to_owned()),
        Err(_) => Some(text.to_owned()),
    }
}
