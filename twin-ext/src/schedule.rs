//! Schedules: cron expressions of the seven fields that the service takes, checked here.
//!
//! An expression is read by the crate `cron`, and goes out as it was written. Nothing is
//! known of the service's own reading of it but its seven fields and its examples.

mod five_fields;

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use twin_api::builder::SetSchedule;
use twin_api::types::SetScheduleBody;

use crate::error::{Detail, Error, ErrorKind, Outcome};
use crate::time::Timestamp;

/// A longer expression means nothing to anybody.
const LONGEST: usize = 1024;

/// When an agent is to run by itself: `sec min hour day month day-of-week year`.
///
/// Times are counted in UTC here. Days of the week are best written as names: as numbers,
/// `1` is Sunday and `7` Saturday for the crate that reads them, which is not what most other
/// crons take them for. Where both a day and a day of the week are given, both must hold.
///
/// ```
/// use twin_ext::Cron;
/// let weekdays_at_nine: Cron = "0 0 9 * * MON-FRI *".parse()?;
/// assert_eq!(weekdays_at_nine.as_str(), "0 0 9 * * MON-FRI *");
///
/// let error = Cron::new("0 9 * * 1-5").unwrap_err();
/// assert!(error.to_string().contains("write \"0 0 9 * * MON-FRI *\""));
/// # Ok::<(), twin_ext::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    expression: String,
    times: cron::Schedule,
}

impl Cron {
    /// Checks an expression.
    ///
    /// ```
    /// let hourly = twin_ext::Cron::new("0 0 * * * * *")?;
    /// # drop(hourly);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest): it has not seven
    /// fields, and the error says what to write instead; or a field is not valid, and the
    /// error says which.
    pub fn new(expression: impl Into<String>) -> Result<Self, Error> {
        let expression = expression.into();
        if expression.len() > LONGEST {
            return Err(refused(&format!("it has more than {LONGEST} bytes")));
        }
        let fields: Vec<&str> = expression.split_whitespace().collect();
        if let Some(what) = five_fields::remedy(&fields) {
            return Err(refused(&format!("{expression:?} {what}")));
        }
        let times = cron::Schedule::from_str(&fields.join(" "))
            .map_err(|error| refused(&format!("{expression:?}: {}", one_line(&error))))?;
        Ok(Self { expression, times })
    }

    /// The expression, as it was written.
    ///
    /// ```
    /// let hourly = twin_ext::Cron::new("0 0 * * * * *")?;
    /// assert_eq!(hourly.as_str(), "0 0 * * * * *");
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.expression
    }

    /// The next `n` times from now, in UTC; fewer where there are no more.
    ///
    /// ```
    /// let hourly = twin_ext::Cron::new("0 0 * * * * *")?;
    /// assert_eq!(hourly.upcoming(3).len(), 3);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    pub fn upcoming(&self, n: usize) -> Vec<SystemTime> {
        self.upcoming_after(SystemTime::now(), n)
    }

    /// The next `n` times after `time`, in UTC; fewer where there are no more: the crate
    /// counts to the year 2100.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// let hourly = twin_ext::Cron::new("0 0 * * * * *")?;
    /// let hour = Duration::from_secs(3600);
    /// assert_eq!(hourly.upcoming_after(UNIX_EPOCH, 2), [UNIX_EPOCH + hour, UNIX_EPOCH + 2 * hour]);
    /// # Ok::<(), twin_ext::Error>(())
    /// ```
    pub fn upcoming_after(&self, time: SystemTime, n: usize) -> Vec<SystemTime> {
        let Some(after) = Timestamp::from(time).utc() else { return Vec::new() };
        self.times.after(&after).take(n).map(SystemTime::from).collect()
    }
}

/// One line of what the crate says; it also prints the expression with a mark below it.
fn one_line(error: &cron::error::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refused(what: &str) -> Error {
    let message = format!("the cron expression is not valid: {what}");
    Detail::new(ErrorKind::InvalidRequest, Outcome::NotSent, message).into()
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

/// So that `.body(cron)` is enough.
impl From<Cron> for SetScheduleBody {
    fn from(cron: Cron) -> Self {
        Self { cron: cron.expression }
    }
}

/// Sets a schedule that was checked.
///
/// ```no_run
/// use twin_ext::prelude::*;
/// use twin_ext::Cron;
/// # async fn example(twin: twin_api::Client) -> Result<(), Error> {
/// let cron = Cron::new("0 0 9 * * * *")?;
/// twin.set_schedule().agent_id("agent_abc123").cron(cron).send().await?;
/// # Ok(())
/// # }
/// ```
pub trait SetScheduleExt {
    /// Sets the body to this expression.
    ///
    /// ```no_run
    /// use twin_ext::prelude::*;
    /// use twin_ext::Cron;
    /// # async fn example(twin: twin_api::Client) -> Result<(), Error> {
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

    /// What the error for `expression` says to write.
    fn remedies(expression: &str) -> Vec<String> {
        let text = refusal(expression);
        let (_, write) = text.split_once("write ").unwrap_or_default();
        write.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn five_fields_get_what_to_write() {
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
            ("0 9 * * * *", "0 9 * * * * *"),
            ("@daily", "0 0 0 * * * *"),
            ("@WEEKLY", "0 0 0 * * SUN *"),
        ] {
            assert_eq!(remedies(five), [seven], "{five}");
            assert!(Cron::new(seven).is_ok(), "{seven}");
        }
    }

    #[test]
    fn two_expressions_where_either_day_counts() {
        assert_eq!(remedies("0 9 1 * 1"), ["0 0 9 1 * * *", "0 0 9 * * MON *"]);
    }

    #[test]
    fn nothing_is_proposed_that_would_mean_something_else() {
        for five in
            ["0 9 * * 5-7", "0 9 * * 1-7", "0 9 * * */2", "0 9 * * 1-5/2", "0 9 * * 8", "a b c d e"]
        {
            let text = refusal(five);
            assert!(text.contains("has 5 fields") && text.contains("as names"), "{text}");
            assert!(!text.contains("\"0 0 9"), "{text}");
        }
    }

    #[test]
    fn other_numbers_of_fields_are_told() {
        assert!(refusal("").contains("has 0 fields, and Twin takes 7: sec min hour"));
        assert!(refusal("*").contains("has 1 field,"));
        assert!(refusal("0 0 9 * * * * *").contains("has 8 fields"));
        assert!(refusal("@reboot").contains("is a word"));
        assert!(refusal(&"0 ".repeat(10_000)).contains("more than 1024 bytes"));
    }

    #[test]
    fn fields_that_are_not_valid_are_refused_on_one_line() {
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
    fn it_is_kept_as_written_and_blanks_do_not_count() {
        let cron = Cron::new(" 0  0 9 * * *\t* ").unwrap();
        assert_eq!(cron.to_string(), " 0  0 9 * * *\t* ");
        let body = SetScheduleBody::from(Cron::new("0 0 9 * * * *").unwrap());
        assert_eq!(body.cron, "0 0 9 * * * *");
    }

    #[test]
    fn upcoming_times_are_in_utc_and_end() {
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

    /// A number is the crate's, a name everybody's.
    #[test]
    fn the_first_day_of_the_week_is_sunday() {
        let monday = Cron::new("0 0 9 * * 2 *").unwrap();
        let named = Cron::new("0 0 9 * * MON *").unwrap();
        assert_eq!(monday.upcoming_after(UNIX_EPOCH, 5), named.upcoming_after(UNIX_EPOCH, 5));
    }

    #[test]
    fn no_text_makes_it_panic() {
        let mut random = fastrand::Rng::with_seed(11);
        let letters: Vec<char> = "0123456789*/,-?@LW#. MONsunjan\u{e9}\t".chars().collect();
        for _ in 0..20_000 {
            let length = random.usize(0..40);
            let text: String = (0..length).map(|_| *random.choice(&letters).unwrap()).collect();
            if let Ok(cron) = Cron::new(text) {
                assert!(cron.upcoming_after(UNIX_EPOCH, 2).len() <= 2);
            }
        }
    }
}
