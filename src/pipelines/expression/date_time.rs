use std::fmt::{self, Write as _};

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// A point in time with the offset in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime(pub OffsetDateTime);

impl DateTime {
    /// Reads `yyyy-MM-dd` or `yyyy/MM/dd`, `T` or a space, `HH:mm:ss`, a fraction of up to seven digits, `Z` or `+HH:mm`.
    /// Without a zone it is UTC: the service takes its own local zone, which is UTC; what an agent takes is not verified.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = Rest(text.trim());
        let year = rest.digits(4, 4)?;
        let separator = rest.one_of("-/")?;
        let month = rest.digits(1, 2)?;
        rest.exactly(separator)?;
        let day = rest.digits(1, 2)?;
        rest.one_of(" T")?;
        let hour = rest.digits(1, 2)?;
        rest.exactly(':')?;
        let minute = rest.digits(1, 2)?;
        rest.exactly(':')?;
        let second = rest.digits(1, 2)?;
        let mut nanosecond = 0;
        if rest.exactly('.').is_some() {
            let length = rest.0.len();
            let fraction = rest.digits(1, 7)?;
            let digits = u32::try_from(length - rest.0.len()).ok()?;
            nanosecond = fraction * 10u32.pow(9 - digits);
        }
        let offset = if rest.0.is_empty() || rest.exactly('Z').is_some() {
            UtcOffset::UTC
        } else {
            let sign = if rest.one_of("+-")? == '-' { -1 } else { 1 };
            let hours = i8::try_from(rest.digits(1, 2)?).ok()?;
            rest.exactly(':')?;
            let minutes = i8::try_from(rest.digits(1, 2)?).ok()?;
            // .NET allows offsets of at most 14 hours.
            (i32::from(hours) * 60 + i32::from(minutes) <= 14 * 60).then_some(())?;
            UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?
        };
        if !rest.0.is_empty() || year == 0 {
            return None;
        }
        let byte = |number: u32| u8::try_from(number).ok();
        let date = Date::from_calendar_date(i32::try_from(year).ok()?, Month::try_from(byte(month)?).ok()?, byte(day)?).ok()?;
        let time = Time::from_hms_nano(byte(hour)?, byte(minute)?, byte(second)?, nanosecond).ok()?;
        Some(Self(OffsetDateTime::new_in_offset(date, time, offset)))
    }

    /// The date-time by the specifiers of `format('{0:...}')`. `None` when one is not known.
    pub(super) fn format(&self, specifiers: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = specifiers;
        while let Some(first) = rest.chars().next() {
            let length =
                if first == '\\' { 1 + rest[1..].chars().next()?.len_utf8() } else { rest.find(|c| c != first).unwrap_or(rest.len()) };
            let (specifier, after) = rest.split_at(length);
            rest = after;
            self.write(&mut out, specifier)?;
        }
        Some(out)
    }

    fn write(&self, out: &mut String, specifier: &str) -> Option<()> {
        let time = &self.0;
        let (offset_hours, offset_minutes, _) = time.offset().as_hms();
        let sign = if offset_hours < 0 || offset_minutes < 0 { '-' } else { '+' };
        let ticks = format!("{:07}", time.nanosecond() / 100);
        let written = match specifier {
            "yyyy" => write!(out, "{:04}", time.year()),
            "yy" => write!(out, "{:02}", time.year() % 100),
            "MM" => write!(out, "{:02}", u8::from(time.month())),
            "M" => write!(out, "{}", u8::from(time.month())),
            "dd" => write!(out, "{:02}", time.day()),
            "d" => write!(out, "{}", time.day()),
            "HH" => write!(out, "{:02}", time.hour()),
            "H" => write!(out, "{}", time.hour()),
            "mm" => write!(out, "{:02}", time.minute()),
            "m" => write!(out, "{}", time.minute()),
            "ss" => write!(out, "{:02}", time.second()),
            "s" => write!(out, "{}", time.second()),
            "f" | "ff" | "fff" | "ffff" | "fffff" | "ffffff" | "fffffff" => write!(out, "{}", &ticks[..specifier.len()]),
            "zzz" | "K" => write!(out, "{sign}{:02}:{:02}", offset_hours.abs(), offset_minutes.abs()),
            _ if specifier.starts_with('\\') => write!(out, "{}", &specifier[1..]),
            _ if specifier.starts_with(' ') => write!(out, "{specifier}"),
            _ => return None,
        };
        written.ok()
    }
}

impl fmt::Display for DateTime {
    /// `yyyy-MM-dd HH:mm:sszzz`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format("yyyy\\-MM\\-dd HH\\:mm\\:sszzz").unwrap_or_default())
    }
}

/// What is left to read.
struct Rest<'t>(&'t str);

impl Rest<'_> {
    /// A number of `min` to `max` digits; all digits that follow are part of it.
    fn digits(&mut self, min: usize, max: usize) -> Option<u32> {
        let length = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        if length < min || length > max {
            return None;
        }
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        digits.parse().ok()
    }

    fn one_of(&mut self, allowed: &str) -> Option<char> {
        let first = self.0.chars().next().filter(|c| allowed.contains(*c))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    fn exactly(&mut self, expected: char) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_date_times() {
        // facts/pipeline-yaml.md 2.6, Conversions, String to DateTime and DateTime to String
        for (text, expected) in [
            ("2026-11-24T15:00:40Z", Some("2026-11-24 15:00:40+00:00")),
            ("2026/1/2 3:4:5", Some("2026-01-02 03:04:05+00:00")),
            (" 2026-01-02T03:04:05.1234567-05:30 ", Some("2026-01-02 03:04:05-05:30")),
            ("2026-01-02", None),
            ("2026-01/02 03:04:05", None),
            ("26-01-02 03:04:05", None),
            ("2026-02-30 03:04:05", None),
            ("2026-01-02 24:04:05", None),
            ("2026-01-02 03:04:05.12345678Z", None),
            ("2026-01-02 03:04:05+15:00", None),
            ("2026-01-02 03:04:05Zx", None),
            ("0000-01-02 03:04:05", None),
            ("", None),
        ] {
            assert_eq!(DateTime::parse(text).map(|time| time.to_string()).as_deref(), expected, "{text:?}");
        }
        assert_eq!(DateTime::parse("2026-01-02T03:04:05+01:00"), DateTime::parse("2026-01-02 02:04:05Z"), "one point in time");
    }

    #[test]
    fn specifiers_shape_a_date_time() {
        // facts/pipeline-yaml.md 2.6, format
        let time = DateTime::parse("2026-01-02 03:04:05.0123456-05:00").unwrap();
        for (specifiers, expected) in [
            ("yyyyMMdd", Some("20260102")),
            ("yy M d H m s", Some("26 1 2 3 4 5")),
            ("HH\\:mm\\:ss", Some("03:04:05")),
            ("f ff fffffff", Some("0 01 0123456")),
            ("zzz K", Some("-05:00 -05:00")),
            ("\\\\\\y", Some("\\y")),
            ("", Some("")),
            ("HH:mm", None),
            ("yyy", None),
            ("MMM", None),
            ("ffffffff", None),
            ("\\", None),
        ] {
            assert_eq!(time.format(specifiers).as_deref(), expected, "{specifiers}");
        }
    }
}
