use std::fmt;

/// A version of two to four parts. A part that is absent is less than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version([i32; 4]);

impl Version {
    /// Reads a version as .NET's `Version.TryParse` does.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = [-1; 4];
        let mut count = 0;
        for part in text.split('.') {
            let slot = parts.get_mut(count)?;
            let part = part.trim_matches(|c: char| matches!(c, '\t'..='\r' | ' '));
            *slot = part.parse::<i32>().ok().filter(|part| *part >= 0)?;
            count += 1;
        }
        (count >= 2).then_some(Self(parts))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().filter(|part| **part >= 0).map(i32::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_two_to_four_parts() {
        // facts/pipeline-yaml.md 2.6, Conversions, String to Version
        for (text, expected) in [
            ("1.2", Some("1.2")),
            ("1.2.3", Some("1.2.3")),
            ("01.2.3.4", Some("1.2.3.4")),
            (" 1 . 2 ", Some("1.2")),
            ("1", None),
            ("1.2.3.4.5", None),
            ("1.-2", None),
            ("1.x", None),
            ("1..2", None),
            ("1.2147483648", None),
            ("", None),
        ] {
            assert_eq!(Version::parse(text).map(|version| version.to_string()).as_deref(), expected, "{text}");
        }
        assert!(Version::parse("1.2") < Version::parse("1.2.0"));
        assert!(Version::parse("1.9.0") < Version::parse("1.10.0"));
    }
}
