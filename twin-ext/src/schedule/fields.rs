//! Parses the seven fields of a cron expression, and finds the matching times.
//!
//! The dialect is that of the crate `cron` 0.17. A field is a list of `*`, numbers, names and
//! ranges. A step may follow `*`, a number or a range. In `day` and `day-of-week`, `?` means `*`.
//! The tests compare this parser with `cron`, which is not used because of its dependencies. One
//! difference is intended: a field contains no blanks, so `0 0 9 * * 1 ,2` has seven fields and
//! not six.

use crate::time::calendar::{DAY, Date};

/// One of the seven fields: its name and its allowed values.
#[derive(Debug)]
struct FieldSpec {
    name: &'static str,
    min: u32,
    max: u32,
    /// The names of the values from `min` on, each in all of its spellings.
    names: &'static [&'static [&'static str]],
    /// Whether the field accepts `?` for `*`.
    question_mark: bool,
}

const fn unit(name: &'static str, min: u32, max: u32) -> FieldSpec {
    FieldSpec { name, min, max, names: &[], question_mark: false }
}

static FIELDS: [FieldSpec; 7] = [
    unit("sec", 0, 59),
    unit("min", 0, 59),
    unit("hour", 0, 23),
    FieldSpec { question_mark: true, ..unit("day", 1, 31) },
    FieldSpec { names: MONTHS, ..unit("month", 1, 12) },
    FieldSpec { names: DAYS, question_mark: true, ..unit("day-of-week", 1, 7) },
    unit("year", 1970, 2100),
];

const MONTHS: &[&[&str]] = &[
    &["jan", "january"],
    &["feb", "february"],
    &["mar", "march"],
    &["apr", "april"],
    &["may"],
    &["jun", "june"],
    &["jul", "july"],
    &["aug", "august"],
    &["sep", "september"],
    &["oct", "october"],
    &["nov", "november"],
    &["dec", "december"],
];

const DAYS: &[&[&str]] = &[
    &["sun", "sunday"],
    &["mon", "monday"],
    &["tue", "tues", "tuesday"],
    &["wed", "wednesday"],
    &["thu", "thurs", "thursday"],
    &["fri", "friday"],
    &["sat", "saturday"],
];

/// The matching values of each field, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CronFields([Vec<u32>; 7]);

impl CronFields {
    /// Parses an expression of seven fields.
    ///
    /// # Errors
    /// A message with the invalid field and the reason.
    pub(super) fn parse(expression: &str) -> Result<Self, String> {
        let mut texts = expression.split_whitespace();
        let mut fields: [Vec<u32>; 7] = Default::default();
        for (unit, values) in FIELDS.iter().zip(&mut fields) {
            let text = texts.next().ok_or("it has fewer than 7 fields")?;
            *values = unit.values(text).map_err(|what| format!("{}: {what}", unit.name))?;
        }
        match texts.next() {
            None => Ok(Self(fields)),
            Some(_) => Err("it has more than 7 fields".to_owned()),
        }
    }

    /// Returns the matching times after `after`, in seconds since 1970-01-01T00:00:00Z.
    pub(super) fn times_after(&self, after: i64) -> impl Iterator<Item = i64> {
        let [seconds, minutes, hours, ..] = &self.0;
        // Each level skips years, days, hours and minutes that end before `after`.
        self.days(Date::from_days(after.div_euclid(DAY)).year)
            .map(|day| day * DAY)
            .filter(move |start| after < start + DAY)
            .flat_map(|start| hours.iter().map(move |hour| start + i64::from(*hour) * 3_600))
            .filter(move |start| after < start + 3_600)
            .flat_map(|start| minutes.iter().map(move |minute| start + i64::from(*minute) * 60))
            .filter(move |start| after < start + 60)
            .flat_map(|start| seconds.iter().map(move |second| start + i64::from(*second)))
            .filter(move |time| after < *time)
    }

    /// Returns the matching days from the year `first` on, as days since 1970-01-01.
    fn days(&self, first: i64) -> impl Iterator<Item = i64> {
        let [_, _, _, days, months, weekdays, years] = &self.0;
        let years = years.iter().filter(move |year| i64::from(**year) >= first);
        let months = years.flat_map(|year| months.iter().map(move |month| (year, month)));
        let dates = months.flat_map(|(&year, &month)| {
            let date = move |day: &u32| Date {
                year: year.into(),
                month: month.into(),
                day: (*day).into(),
            };
            days.iter().map(date)
        });
        dates.filter(|date| date.exists()).map(Date::days).filter(|day| {
            // 1970-01-01 was a Thursday, and Sunday is 1.
            weekdays.iter().any(|weekday| (day + 4).rem_euclid(7) + 1 == i64::from(*weekday))
        })
    }
}

impl FieldSpec {
    fn values(&self, text: &str) -> Result<Vec<u32>, String> {
        let mut values = Vec::new();
        for part in text.split(',') {
            let (first, last, step) = self.part(part)?;
            values.extend((first..=last).step_by(step));
        }
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }

    /// Parses a part of a list, and returns the first value, the last value and the step.
    fn part(&self, part: &str) -> Result<(u32, u32, usize), String> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (part, None),
        };
        if range == "*" || range == "?" && self.question_mark {
            return Ok((self.min, self.max, step.unwrap_or(1)));
        }
        if let Some((first, last)) = range.split_once('-') {
            let (from, to) = (self.value(first)?, self.value(last)?);
            return if is_number(first) != is_number(last) {
                Err(format!("{range:?} mixes a name with a number"))
            } else if from > to {
                Err(format!("{range:?} ends before it begins"))
            } else {
                Ok((from, to, step.unwrap_or(1)))
            };
        }
        let value = self.value(range)?;
        match step {
            None => Ok((value, value, 1)),
            Some(step) if is_number(range) => Ok((value, self.max, step)),
            Some(_) => Err(format!("{part:?} has a step after a name; write a range or a number")),
        }
    }

    fn step(&self, step: &str) -> Result<usize, String> {
        let number = number(step).filter(|number| (1..=self.max).contains(number));
        number
            .and_then(|number| usize::try_from(number).ok())
            .ok_or_else(|| format!("the step {step:?} is not a number from 1 to {}", self.max))
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let named =
            |spellings: &&[&str]| spellings.iter().any(|name| name.eq_ignore_ascii_case(text));
        let named = || self.names.iter().zip(self.min..).find(|(names, _)| named(names));
        number(text)
            .filter(|value| (self.min..=self.max).contains(value))
            .or_else(|| named().map(|(_, value)| value))
            .ok_or_else(|| {
                let or_name = if self.names.is_empty() { "" } else { ", nor a name" };
                format!("{text:?} is not a number from {} to {}{or_name}", self.min, self.max)
            })
    }
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| is_number(text))
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn error(expression: &str) -> String {
        CronFields::parse(expression).unwrap_err()
    }

    #[test]
    fn error_contains_the_field_and_the_invalid_value() {
        for (expression, message) in [
            ("60 0 9 * * * *", "sec: \"60\" is not a number from 0 to 59"),
            ("0 0 9 * 13 * *", "month: \"13\" is not a number from 1 to 12, nor a name"),
            ("0 0 9 * * FUN *", "day-of-week: \"FUN\" is not a number from 1 to 7, nor a name"),
            ("0 0 9 * * SAT-SUN *", "day-of-week: \"SAT-SUN\" ends before it begins"),
            ("0 0 9 * * MON-6 *", "day-of-week: \"MON-6\" mixes a name with a number"),
            (
                "0 0 9 * * MON/2 *",
                "day-of-week: \"MON/2\" has a step after a name; write a range or a number",
            ),
            ("0 */0 9 * * * *", "min: the step \"0\" is not a number from 1 to 59"),
            ("0 0 ? * * * *", "hour: \"?\" is not a number from 0 to 23"),
            ("0 0 9 * * 1 ,2", "year: \"\" is not a number from 1970 to 2100"),
            ("0 0 9 * * *", "it has fewer than 7 fields"),
            ("0 0 9 * * * * *", "it has more than 7 fields"),
        ] {
            assert_eq!(error(expression), message, "{expression}");
        }
    }

    /// Generates a part of a field. Most parts are valid.
    fn part(unit: &'static FieldSpec) -> impl Strategy<Value = String> {
        let (min, max) = (unit.min, unit.max);
        let names: Vec<&str> = unit.names.concat();
        let name = move || {
            let names = if names.is_empty() { vec!["sun", "*"] } else { names.clone() };
            prop::sample::select(names).prop_map(str::to_owned)
        };
        let number = || (min.saturating_sub(1)..=max + 1).prop_map(|number| number.to_string());
        let range = |value: BoxedStrategy<String>| {
            (value.clone(), value).prop_map(|(first, last)| format!("{first}-{last}"))
        };
        let range = prop_oneof![range(number().boxed()), range(name().boxed())];
        let base = prop_oneof![
            4 => Just("*".to_owned()),
            4 => number(),
            2 => name().prop_map(|name| name.to_uppercase()),
            4 => range,
            1 => Just("?".to_owned()),
        ];
        let step = prop_oneof![
            6 => Just(String::new()),
            2 => (0..70_u32).prop_map(|step| format!("/{step}")),
            1 => "[-/,*?a-z0-9é ]{0,3}",
        ];
        (base, step).prop_map(|(base, step)| base + &step)
    }

    fn expression() -> impl Strategy<Value = String> {
        let field =
            |unit| prop::collection::vec(part(unit), 1..3).prop_map(|parts| parts.join(","));
        FIELDS
            .each_ref()
            .map(|unit| prop_oneof![3 => Just("*".to_owned()), 2 => field(unit)])
            .prop_map(|fields| fields.join(" "))
    }

    /// Returns whether a field contains a blank, which only `cron` accepts.
    fn has_torn_field(expression: &str) -> bool {
        let torn =
            |field: &str| field.starts_with([',', '-', '/']) || field.ends_with([',', '-', '/']);
        expression.split_whitespace().any(torn)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn accepts_the_same_expressions_and_finds_the_same_times_as_cron(
            expression in expression(),
            after in -2_000_000_000..4_200_000_000_i64,
        ) {
            prop_assume!(expression.split_whitespace().count() == 7 && !has_torn_field(&expression));
            let theirs = cron::Schedule::from_str(&expression);
            let ours = CronFields::parse(&expression);
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
            if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                let start = DateTime::from_timestamp(after, 0).unwrap();
                let theirs: Vec<i64> = theirs.after(&start).take(5).map(|time| time.timestamp()).collect();
                let ours: Vec<i64> = ours.times_after(after).take(5).collect();
                prop_assert_eq!(ours, theirs);
            }
        }
    }
}
