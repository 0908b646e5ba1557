//! `name:`, the format of a run's number (facts/pipeline-yaml.md 2.8). Used by the runner.

use std::fmt::Write as _;

use time::{OffsetDateTime, UtcOffset};

/// What a pipeline without `name:` has.
pub const DEFAULT: &str = "$(Date:yyyyMMdd).$(Rev:r)";

/// Most characters of a run's number.
const MAX_LENGTH: usize = 255;

/// Why a run has no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the run's number has {length} characters, at most {MAX_LENGTH} are allowed: shorten `name:` of the pipeline")]
pub struct RunNameError {
    length: usize,
}

/// The number of a run that starts at `time`. `lookup` has variables that exist when a run starts; an unknown one stays as it
/// is. `earlier` are the numbers of the pipeline's runs so far: `$(Rev:r)` is one more than the highest one that the rest of
/// the number was used with, else 1.
///
/// # Errors
/// When it is too long.
pub fn format(
    format: &str,
    time: OffsetDateTime,
    lookup: impl Fn(&str) -> Option<String>,
    earlier: &[String],
) -> Result<String, RunNameError> {
    let time = time.to_offset(UtcOffset::UTC);
    let mut parts = vec![Part::Text(String::new())];
    let mut rest = format;
    while let Some(start) = rest.find("$(") {
        let Some(length) = rest[start..].find(')') else { break };
        text(&mut parts, &rest[..start]);
        let token = &rest[start + 2..start + length];
        match token.split_once(':') {
            Some((name, digits)) if name.eq_ignore_ascii_case("Rev") && digits.contains(['r', 'R']) => {
                parts.push(Part::Revision(digits.to_owned()));
                rest = &rest[start + length + 1..];
            }
            _ => match token_value(token, time).or_else(|| lookup(alias(token))) {
                Some(value) => {
                    text(&mut parts, &value);
                    rest = &rest[start + length + 1..];
                }
                None => {
                    text(&mut parts, "$");
                    rest = &rest[start + 1..];
                }
            },
        }
    }
    text(&mut parts, rest);
    let revision = earlier.iter().filter_map(|earlier| revision_of(&parts, earlier)).max().map_or(1, |highest| highest + 1);
    let name = compose(&parts, revision);
    let length = name.chars().count();
    if length > MAX_LENGTH { Err(RunNameError { length }) } else { Ok(name) }
}

/// A part of a run's number.
enum Part {
    Text(String),
    /// `.r`: each run of `r` is the revision, padded with zeros to its length.
    Revision(String),
}

fn text(parts: &mut Vec<Part>, more: &str) {
    match parts.last_mut() {
        Some(Part::Text(text)) => text.push_str(more),
        _ => parts.push(Part::Text(more.to_owned())),
    }
}

fn compose(parts: &[Part], revision: u64) -> String {
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Revision(format) => {
                let digits = format.chars().filter(|c| matches!(c, 'r' | 'R')).count();
                let mut written = false;
                for c in format.chars() {
                    if !matches!(c, 'r' | 'R') {
                        out.push(c);
                    } else if !written {
                        let _ = write!(out, "{revision:0digits$}");
                        written = true;
                    }
                }
            }
        }
    }
    out
}

/// The revision with which the parts give `earlier`, if one does.
fn revision_of(parts: &[Part], earlier: &str) -> Option<u64> {
    let mut before = String::new();
    for part in parts {
        match part {
            Part::Text(text) => before.push_str(text),
            Part::Revision(format) => {
                before.extend(format.chars().take_while(|c| !matches!(c, 'r' | 'R')));
                let rest = earlier.strip_prefix(&before)?;
                let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                // Digits of what follows may come next.
                return (1..=digits).filter_map(|length| rest[..length].parse().ok()).find(|revision| compose(parts, *revision) == earlier);
            }
        }
    }
    None
}

/// The variable that a token stands for.
fn alias(token: &str) -> &str {
    match () {
        () if token.eq_ignore_ascii_case("SourceBranchName") => "Build.SourceBranchName",
        () if token.eq_ignore_ascii_case("TeamProject") => "System.TeamProject",
        () if token.eq_ignore_ascii_case("BuildID") => "Build.BuildId",
        () if token.eq_ignore_ascii_case("BuildDefinitionName") => "Build.DefinitionName",
        () => token,
    }
}

/// The value of a token of date and time.
fn token_value(token: &str, time: OffsetDateTime) -> Option<String> {
    let (name, format) = token.split_once(':').map_or((token, None), |(name, format)| (name, Some(format)));
    Some(match (name.to_ascii_lowercase().as_str(), format) {
        ("date" | "year", Some(format)) => date(format, time),
        ("dayofyear", None) => time.ordinal().to_string(),
        ("dayofmonth", None) => time.day().to_string(),
        ("month", None) => u8::from(time.month()).to_string(),
        ("hours", None) => time.hour().to_string(),
        ("minutes", None) => time.minute().to_string(),
        ("seconds", None) => time.second().to_string(),
        _ => return None,
    })
}

/// A date-time by a custom format of .NET.
fn date(format: &str, time: OffsetDateTime) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '\'' => rest[1..].find('\'').map_or(rest.len(), |end| end + 2),
            _ => rest.find(|c| c != first).unwrap_or(rest.len()),
        };
        let (part, after) = rest.split_at(length);
        rest = after;
        let hour12 = (time.hour() + 11) % 12 + 1;
        let _ = match (first, length) {
            ('y', 1 | 2) => write!(out, "{:0length$}", time.year() % 100),
            ('y', _) => write!(out, "{:0length$}", time.year()),
            ('M', 1 | 2) => write!(out, "{:0length$}", u8::from(time.month())),
            ('M', 3) => write!(out, "{}", &time.month().to_string()[..3]),
            ('M', _) => write!(out, "{}", time.month()),
            ('d', 1 | 2) => write!(out, "{:0length$}", time.day()),
            ('d', 3) => write!(out, "{}", &time.weekday().to_string()[..3]),
            ('d', _) => write!(out, "{}", time.weekday()),
            ('H', _) => write!(out, "{:0width$}", time.hour(), width = length.min(2)),
            ('h', _) => write!(out, "{hour12:0width$}", width = length.min(2)),
            ('m', _) => write!(out, "{:0width$}", time.minute(), width = length.min(2)),
            ('s', _) => write!(out, "{:0width$}", time.second(), width = length.min(2)),
            ('f', 1..=7) => write!(out, "{}", &format!("{:09}", time.nanosecond())[..length]),
            ('t', 1) => write!(out, "{}", if time.hour() < 12 { 'A' } else { 'P' }),
            ('t', _) => write!(out, "{}", if time.hour() < 12 { "AM" } else { "PM" }),
            ('\\', _) => write!(out, "{}", &part[1..]),
            ('\'', _) => write!(out, "{}", part.trim_matches('\'')),
            _ => write!(out, "{part}"),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn name(pattern: &str, earlier: &[&str]) -> String {
        let lookup = |name: &str| match name {
            "System.TeamProject" => Some("Fabrikam".to_owned()),
            "Build.DefinitionName" => Some("CIBuild".to_owned()),
            "Build.SourceBranchName" => Some("main".to_owned()),
            "Build.BuildId" => Some("752".to_owned()),
            "mine" => Some("$(Date:yyyy)".to_owned()),
            _ => None,
        };
        let earlier: Vec<String> = earlier.iter().map(|name| (*name).to_owned()).collect();
        format(pattern, datetime!(2019-05-05 21:07:03 UTC), lookup, &earlier).unwrap()
    }

    #[test]
    fn tokens_of_the_documentations_example() {
        // facts/pipeline-yaml.md 2.8, "`name:` tokens"; the values are those of the documentation's example
        for (pattern, expected) in [
            ("$(TeamProject)_$(Build.DefinitionName)_$(SourceBranchName)_$(Date:yyyyMMdd)$(Rev:.r)", "Fabrikam_CIBuild_main_20190505.1"),
            ("$(BuildDefinitionName) $(BuildID)", "CIBuild 752"),
            ("$(DayOfMonth) $(DayOfYear) $(Hours) $(Minutes) $(Month) $(Seconds)", "5 125 21 7 5 3"),
            ("$(Year:yy) $(Year:yyyy) $(Date:MMddyy) $(date:hh tt)", "19 2019 050519 09 PM"),
            ("$(Date:d MMM yyyy 'at' H\\hm)", "5 May 2019 at 21h7"),
            ("$(unknown)-$(mine)-$(Date)", "$(unknown)-$(Date:yyyy)-$(Date)"),
            ("plain $(", "plain $("),
            ("", ""),
        ] {
            assert_eq!(name(pattern, &[]), expected, "{pattern}");
        }
        let east = datetime!(2019-05-06 01:00:00 +3);
        assert_eq!(format("$(Date:yyyyMMdd HH)", east, |_| None, &[]).as_deref(), Ok("20190505 22"), "in UTC");
    }

    #[test]
    fn revisions_count_the_runs_with_the_same_rest() {
        assert_eq!(name(DEFAULT, &[]), "20190505.1");
        assert_eq!(name(DEFAULT, &["20190504.7", "20190505.1", "20190505.10", "20190505.x", "20190505."]), "20190505.11");
        assert_eq!(name("$(Rev:rr)-x", &["09-x", "10-y"]), "10-x");
        assert_eq!(name("a$(Rev:r)1", &["a121"]), "a131", "digits that follow are no part of it");
        assert_eq!(name("$(Rev:r).$(Rev:r)", &["3.3", "9.8"]), "4.4");
        assert_eq!(name("fixed", &["fixed"]), "fixed");
    }

    #[test]
    fn a_number_has_a_limit() {
        let long = "ß".repeat(255);
        assert_eq!(format(&long, OffsetDateTime::UNIX_EPOCH, |_| None, &[]).as_ref(), Ok(&long));
        assert_eq!(
            format(&"x".repeat(256), OffsetDateTime::UNIX_EPOCH, |_| None, &[]).unwrap_err().to_string(),
            "the run's number has 256 characters, at most 255 are allowed: shorten `name:` of the pipeline"
        );
    }
}
