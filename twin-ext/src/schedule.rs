//! Checks cron expressions of seven fields before they are sent.
//!
//! The request contains the expression unchanged. The service documents only the seven fields and a
//! few examples of its dialect; [`fields`] implements the dialect of the crate `cron`.

mod advice;
mod fields;

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use twin_api::builder::SetSchedule;
use twin_api::types::SetScheduleBody;

use self::fields::CronFields;
use crate::error::{Error, ErrorKind, Failure, Outcome};
use crate::time::Timestamp;

/// Maximum length of an expression in bytes.
const LONGEST: usize = 1024;

/// A valid cron expression of seven fields: `sec min hour day month day-of-week year`.
///
/// The client checks the expression before it sends it. Two rules differ from most cron dialects:
///
/// - Day 1 of the week is Sunday, and 7 is Saturday. Write days of the week as names.
/// - If both `day` and `day-of-week` are restricted, both must match.
///
/// [`upcoming`](Self::upcoming) returns the next times, in UTC.
///
/// ```
/// use twin_ext::Cron;
/// let weekdays_at_nine: Cron = "0 0 9 * * MON-FRI *".parse()?;
/// for time in weekdays_at_nine.upcoming(3) {
///     println!("{time:?}");
/// }
///
/// // The error for another dialect contains the expression to write instead.
/// let error = Cron::new("0 9 * * 1-5").unwrap_err();
/// assert!(error.to_string().contains("write \"0 0 9 * * MON-FRI *\""));
/// # Ok::<(), twin_ext::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    expression: String,
    fields: CronFields,
}

impl Cron {
    /// Parses an expression.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`]: the expression does not have seven fields, or a field is
    /// invalid. The error names the field. If the expression is valid in another dialect, the error
    /// contains the equivalent one.
    pub fn new(expression: impl Into<String>) -> Result<Self, Error> {
        let expression = expression.into();
        if expression.len() > LONGEST {
            return Err(invalid_expression(&format!("it has more than {LONGEST} bytes")));
        }
        if let Some(what) = advice::advice(&expression) {
            return Err(invalid_expression(&format!("{expression:?} {what}")));
        }
        let fields = CronFields::parse(&expression)
            .map_err(|what| invalid_expression(&format!("{expression:?}: {what}")))?;
        Ok(Self { expression, fields })
    }

    /// Returns the expression unchanged.
    pub fn as_str(&self) -> &str {
        &self.expression
    }

    /// Returns the next `n` times from now, or fewer if the schedule ends. Use it to show a user
    /// when the agent will run. See [`upcoming_after`](Self::upcoming_after).
    pub fn upcoming(&self, n: usize) -> Vec<SystemTime> {
        self.upcoming_after(SystemTime::now(), n)
    }

    /// Returns the next `n` times after `time`, or fewer if the schedule ends.
    ///
    /// Fields are evaluated in UTC. Years after 2100 are ignored.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// let hourly = twin_ext::Cron::new("0 0 * * * * *")?;
    /// let hour = Duration::from_secs(3600);
    /// assert_eq!(hourly.upcoming_after(UNIX_EPOCH, 2), [UNIX_EPOCH + hour, UNIX_EPOCH + 2 * hour]);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    pub fn upcoming_after(&self, time: SystemTime, n: usize) -> Vec<SystemTime> {
        let Some(after) = Timestamp::from(time).seconds() else { return Vec::new() };
        let times = self.fields.times_after(after).take(n);
        times.map(|time| Timestamp::from_seconds(time).into()).collect()
    }
}

fn invalid_expression(what: &str) -> Error {
    let message = format!("the cron expression is not valid: {what}");
    Failure::new(ErrorKind::InvalidRequest, Outcome::NotSent, message).into()
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expression)
    }
}

impl FromStr for Cron {
    type Err = Error;

    fn from_str(expression: &str) -> Result<Self, Error> {
        Self::new(expression)
    }
}

impl TryFrom<&str> for Cron {
    type Error = Error;

    fn try_from(expression: &str) -> Result<Self, Error> {
        Self::new(expression)
    }
}

impl TryFrom<String> for Cron {
    type Error = Error;

    fn try_from(expression: String) -> Result<Self, Error> {
        Self::new(expression)
    }
}

/// Converts to the body of `set_schedule`.
impl From<Cron> for SetScheduleBody {
    fn from(cron: Cron) -> Self {
        Self { cron: cron.expression }
    }
}

/// Extends the builder of `set_schedule` with a method for valid expressions.
pub trait SetScheduleExt {
    /// Sets the request body to this schedule.
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// use twin_ext::Cron;
    /// # async fn example(twin: twin_ext::twin_api::Client) -> Result<(), Error> {
    /// let cron = Cron::new("0 0 9 * * * *")?;
    /// twin.set_schedule().agent_id("agent_abc123").cron(cron).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    fn cron(self, cron: Cron) -> Self;
}

impl SetScheduleExt for SetSchedule<'_> {
    fn cron(self, cron: Cron) -> Self {
        self.body(cron)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn refusal(expression: &str) -> String {
        let error = Cron::new(expression).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotSent));
        error.to_string()
    }

    /// Returns the unconditional suggestions in the error for `expression`.
    fn suggestions(expression: &str) -> Vec<String> {
        let text = refusal(expression);
        let (_, write) = text.split_once("write ").unwrap_or_default();
        write.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    }

    /// Returns all suggestions in the error for `expression`, also conditional ones.
    fn quoted(expression: &str) -> Vec<String> {
        let text = refusal(expression);
        let quoted = text.split("write \"").skip(1);
        quoted.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
    }

    #[test]
    fn suggests_seven_fields_for_five() {
        for (five, seven) in [
            ("0 9 * * *", "0 0 9 * * * *"),
            ("*/5 * * * *", "0 */5 * * * * *"),
            ("0 9 1 * *", "0 0 9 1 * * *"),
            ("0 9 * * 1", "0 0 9 * * MON *"),
            ("0 9 * * 1-5", "0 0 9 * * MON-FRI *"),
            ("0 9 * * 0,6", "0 0 9 * * SUN,SAT *"),
            ("0 9 * * 7", "0 0 9 * * SUN *"),
            ("0 9 * * 0-6", "0 0 9 * * SUN-SAT *"),
            ("0 9 * * mon-fri", "0 0 9 * * mon-fri *"),
            ("0 9 ? * 3", "0 0 9 ? * WED *"),
            ("@daily", "0 0 0 * * * *"),
            ("@WEEKLY", "0 0 0 * * SUN *"),
        ] {
            assert_eq!(suggestions(five), [seven], "{five}");
            assert!(Cron::new(seven).is_ok(), "{seven}");
        }
    }

    #[test]
    fn suggests_two_expressions_if_either_day_matches() {
        assert_eq!(suggestions("0 9 1 * 1"), ["0 0 9 1 * * *", "0 0 9 * * MON *"]);
    }

    #[test]
    fn suggests_nothing_with_another_meaning() {
        for five in [
            "0 9 * * 5-7",
            "0 9 * * 1-7",
            "0 9 * * 0-7",
            "0 9 * * */2",
            "0 9 * * 1-5/2",
            "0 9 * * 8",
            "0 9 * * 5-1",
            "5/15 * * * *",
            "0 9 1/2 * *",
            "0 9 L * *",
            "0 9 * * 1#2",
            "a b c d e",
        ] {
            let text = refusal(five);
            assert!(text.contains("has 5 fields") && text.contains("as names"), "{text}");
            assert!(!text.contains("\"0 0 9"), "{text}");
        }
    }

    #[test]
    fn suggests_one_expression_for_a_day_with_a_star() {
        assert_eq!(suggestions("0 9 */2 * 1"), ["0 0 9 */2 * MON *"]);
        assert_eq!(suggestions("0 9 */3 6 mon"), ["0 0 9 */3 6 mon *"]);
        assert_eq!(suggestions("0 9 1-9/2 * 1"), ["0 0 9 1-9/2 * * *", "0 0 9 * * MON *"]);
    }

    #[test]
    fn suggests_seven_fields_for_six_with_a_condition() {
        for (six, sevens, conditions) in [
            ("0 0 9 * * 1", vec!["0 0 9 * * MON *"], "seconds and day 1 is Monday"),
            ("0 0 9 * * 1-5", vec!["0 0 9 * * MON-FRI *"], "seconds and day 1 is Monday"),
            ("0 0 9 * * SUN", vec!["0 0 9 * * SUN *"], "first field is seconds, write"),
            ("0 9 * * * *", vec!["0 9 * * * * *", "0 0 9 * * * *"], "last field is the year"),
            ("0 9 ? * MON-FRI *", vec!["0 0 9 ? * MON-FRI *"], "last field is the year"),
            ("0 9 * * MON 2027", vec!["0 0 9 * * MON 2027"], "last field is the year"),
            ("0 9 * * 2 2027", vec![], "has 6 fields"),
            ("0 0 9 * * 5-7", vec![], "has 6 fields"),
            ("0 0 9 * * */2", vec![], "has 6 fields"),
            ("5/15 * * * * *", vec![], "has 6 fields"),
            ("a b c d e f", vec![], "has 6 fields"),
        ] {
            assert_eq!(quoted(six), sevens, "{six}");
            assert!(refusal(six).contains(conditions), "{}", refusal(six));
        }
    }

    #[test]
    fn suggests_names_of_days_for_aws_cron_expressions() {
        for (wrapped, seven) in [
            ("cron(0 9 ? * MON-FRI *)", Some("0 0 9 ? * MON-FRI *")),
            ("cron(0 9 ? * 2-6 *)", Some("0 0 9 ? * MON-FRI *")),
            ("CRON( 15 10 * * ? 2027 )", Some("0 15 10 * * ? 2027")),
            ("cron(0 9 ? * 0 *)", None),
            ("cron(0 9 ? * 6#3 *)", None),
            ("cron(0/10 * ? * MON *)", None),
            ("cron(0 9 * * *)", None),
            ("rate(5 minutes)", None),
        ] {
            assert_eq!(quoted(wrapped), seven.as_slice(), "{wrapped}");
            assert!(refusal(wrapped).contains("has parentheses"), "{}", refusal(wrapped));
        }
    }

    #[test]
    fn suggests_nothing_for_a_time_zone() {
        for zoned in [
            "TZ=Europe/Berlin 0 9 * * *",
            "CRON_TZ=UTC 0 9 * * *",
            "TZ=UTC 0 0 9 * * *",
            "TZ=UTC 0 0 9 * * * *",
        ] {
            assert!(refusal(zoned).contains("has a time zone"), "{}", refusal(zoned));
            assert_eq!(quoted(zoned), [""; 0], "{zoned}");
        }
        assert!(refusal("@every 5m").contains("is a word"));
        assert_eq!(quoted("@daily 9"), [""; 0]);
    }

    #[test]
    fn reports_the_number_of_fields() {
        assert!(refusal("").contains("has 0 fields, and Twin takes 7: sec min hour"));
        assert!(refusal("*").contains("has 1 field,"));
        assert!(refusal("0 0 9 * * * * *").contains("has 8 fields"));
        assert!(refusal("@reboot").contains("is a word"));
        assert!(refusal(&"0 ".repeat(10_000)).contains("more than 1024 bytes"));
    }

    #[test]
    fn error_for_an_invalid_field_has_one_line() {
        for expression in [
            "60 0 9 * * * *",
            "0 60 9 * * * *",
            "0 0 24 * * * *",
            "0 0 9 32 * * *",
            "0 0 9 * 13 * *",
            "0 0 9 * * 8 *",
            "0 0 9 * * FUN *",
            "0 0 9 * * * 1969",
            "0 0 9 * * MON-SUN *",
            "x 0 9 * * * *",
            "0 0 9-8 * * * *",
            "0 */0 9 * * * *",
            "0 0 99999999999999999999 * * * *",
            "0 0 é * * * *",
        ] {
            let text = refusal(expression);
            assert!(!text.contains('\n') && text.contains("not valid"), "{text}");
        }
    }

    #[test]
    fn keeps_the_expression_as_written() {
        let cron = Cron::new(" 0  0 9 * * *\t* ").unwrap();
        assert_eq!(cron.to_string(), " 0  0 9 * * *\t* ");
        let body = SetScheduleBody::from(Cron::new("0 0 9 * * * *").unwrap());
        assert_eq!(body.cron, "0 0 9 * * * *");
    }

    #[test]
    fn upcoming_returns_times_in_utc_and_ends() {
        // 2026-03-11T12:00:00Z, a Wednesday.
        let now = UNIX_EPOCH + Duration::from_secs(1_773_230_400);
        let day = Duration::from_secs(86_400);
        let at_nine = now - Duration::from_secs(3 * 3600);
        let weekdays = Cron::new("0 0 9 * * MON-FRI *").unwrap();
        let expected: Vec<SystemTime> = [1, 2, 5].map(|days| at_nine + days * day).to_vec();
        assert_eq!(weekdays.upcoming_after(now, 3), expected);
        assert_eq!(Cron::new("0 0 9 * * * 2020").unwrap().upcoming_after(now, 3), []);
        assert_eq!(Cron::new("0 0 9 30 2 * *").unwrap().upcoming_after(now, 3), []);
        assert_eq!(Cron::new("0 0 9 29 2 * *").unwrap().upcoming_after(now, 99).len(), 18);
        let far = UNIX_EPOCH + Duration::from_secs(1 << 42);
        assert_eq!(weekdays.upcoming_after(far, 1), []);
        assert_eq!(weekdays.upcoming(0), []);
    }

    #[test]
    fn day_of_week_1_is_sunday() {
        let monday = Cron::new("0 0 9 * * 2 *").unwrap();
        let named = Cron::new("0 0 9 * * MON *").unwrap();
        assert_eq!(monday.upcoming_after(UNIX_EPOCH, 5), named.upcoming_after(UNIX_EPOCH, 5));
    }

    #[test]
    fn random_text_never_panics_and_suggestions_are_valid() {
        let mut random = fastrand::Rng::with_seed(11);
        let letters: Vec<char> = "0123456789*/,-?@LW#. MONsunjan\u{e9}\t".chars().collect();
        for _ in 0..20_000 {
            let length = random.usize(0..40);
            let text: String = (0..length).map(|_| *random.choice(&letters).unwrap()).collect();
            match Cron::new(&*text) {
                Ok(cron) => assert!(cron.upcoming_after(UNIX_EPOCH, 2).len() <= 2),
                Err(_) => assert!(quoted(&text).iter().all(|seven| Cron::new(seven).is_ok())),
            }
        }
    }
}
