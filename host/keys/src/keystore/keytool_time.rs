//! Days and instants as `keytool` shows them, in UTC.

use x509_parser::time::ASN1Time;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const DAY: i64 = 24 * 60 * 60;

/// A day as `keytool` shows it: `Nov 20, 2026`; seconds since the Unix epoch, UTC.
#[must_use]
pub fn day(seconds: i64) -> String {
    match ASN1Time::from_timestamp(seconds) {
        Ok(time) => {
            let time = time.to_datetime();
            format!("{} {}, {}", month(time.month() as u8), time.day(), time.year())
        }
        Err(_) => format!("{seconds} s after 1970"),
    }
}

/// An instant as `keytool` shows it: `Fri Nov 20 21:47:56 UTC 2026`; seconds since the Unix epoch.
#[must_use]
pub fn instant(seconds: i64) -> String {
    match ASN1Time::from_timestamp(seconds) {
        Ok(time) => {
            let time = time.to_datetime();
            let weekday = usize::try_from(seconds.div_euclid(DAY).rem_euclid(7)).unwrap_or_default();
            let weekday = WEEKDAYS.get(weekday).copied().unwrap_or_default();
            let (hour, minute, second) = time.to_hms();
            let (month, day, year) = (month(time.month() as u8), time.day(), time.year());
            format!("{weekday} {month} {day:02} {hour:02}:{minute:02}:{second:02} UTC {year}")
        }
        Err(_) => format!("{seconds} s after 1970"),
    }
}

fn month(number: u8) -> &'static str {
    MONTHS.get(usize::from(number).wrapping_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants_are_written_as_keytool_writes_them() {
        assert_eq!((day(0).as_str(), instant(0).as_str()), ("Jan 1, 1970", "Thu Jan 01 00:00:00 UTC 1970"));
        assert_eq!(day(1_800_000_000), "Jan 15, 2027");
        assert_eq!(instant(1_800_000_000), "Fri Jan 15 08:00:00 UTC 2027");
        assert_eq!(instant(-1), "Wed Dec 31 23:59:59 UTC 1969");
        assert!(day(i64::MAX).contains("after 1970") && instant(i64::MIN).contains("after 1970"));
    }
}
