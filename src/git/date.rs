use git2::Signature;

/// Today where the user is, as `YYYY-MM-DD`. Nothing, where the system does not
/// know.
#[must_use]
pub fn today() -> Option<String> {
    // A signature takes the time, and how far it is from Greenwich, from the system.
    let now = Signature::now("-", "-").ok()?.when();
    let (year, month, day) = date((now.seconds() + 60 * i64::from(now.offset_minutes())).div_euclid(86_400));
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// The date in the Gregorian calendar that is `days` after 1970-01-01. Years are
/// counted from March here, so that a leap day is their last.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + 400 * era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn counts_days_as_the_calendar_does() {
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (19_782, (2024, 2, 29)),
            (20_779, (2026, 11, 22)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(date(days), expected, "{days}");
        }
    }
}
