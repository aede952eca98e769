//! Converts between dates and days since 1970-01-01, in the proleptic Gregorian calendar of
//! RFC 3339.

/// The number of seconds in a day. Unix time has no leap seconds.
pub(crate) const DAY: i64 = 86_400;

/// The number of days in 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;

/// The number of days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// A date, which may not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
}

impl Date {
    /// Converts days since 1970-01-01 to a date.
    ///
    /// The computation uses years that start in March, so the leap day is the last day of a year.
    pub(crate) fn from_days(days: i64) -> Self {
        let days = days + EPOCH;
        let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        // The five months from March have 153 days, and so have those from August.
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let january_or_february = i64::from(month >= 10);
        Self {
            year: 400 * era + year + january_or_february,
            month: month + 3 - 12 * january_or_february,
            day,
        }
    }

    /// Converts the date to days since 1970-01-01.
    pub(crate) fn days(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        let month = (self.month + 9) % 12;
        let day = 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5 + self.day - 1;
        ERA * era + day - EPOCH
    }

    /// Returns whether the date exists: 2026-02-29 does not.
    pub(crate) fn exists(self) -> bool {
        (1..=12).contains(&self.month) && (1..=28).contains(&self.day)
            || Self::from_days(self.days()) == self
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike as _, NaiveDate};

    use super::*;

    #[test]
    fn agrees_with_chrono_for_every_day_of_the_years_0_to_9999() {
        let mut date = NaiveDate::from_ymd_opt(0, 1, 1).unwrap();
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        while date.year() < 10_000 {
            let days = (date - epoch).num_days();
            let ours = Date::from_days(days);
            let theirs = (ours.year, ours.month, ours.day);
            assert_eq!(theirs, (date.year().into(), date.month().into(), date.day().into()));
            assert_eq!((ours.days(), ours.exists()), (days, true), "{date}");
            date = date.succ_opt().unwrap();
        }
    }

    #[test]
    fn exists_agrees_with_chrono() {
        for year in [1900, 2000, 2023, 2024] {
            for month in 0..=13 {
                for day in 0..=32 {
                    let ours = Date { year, month, day }.exists();
                    let theirs = u32::try_from(month).ok().zip(u32::try_from(day).ok());
                    let theirs = theirs.and_then(|(month, day)| {
                        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
                    });
                    assert_eq!(ours, theirs.is_some(), "{year}-{month}-{day}");
                }
            }
        }
    }
}
