//! The paths of the distribution API.

use http::Method;

use super::refusal::Refused;
use crate::exchange::Request;

/// Longest name of a repository, as the file that describes it is called: a slash is three characters there.
const LONGEST_NAME: usize = 200;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/v2/`
    Base,
    Catalog,
    Tags {
        repository: String,
    },
    Manifest {
        repository: String,
        reference: String,
    },
    Blob {
        repository: String,
        digest: String,
    },
    Uploads {
        repository: String,
    },
    Upload {
        repository: String,
        id: String,
    },
    Referrers {
        repository: String,
        digest: String,
    },
}

impl Route {
    /// By path; `None` for what is not simulated.
    pub(super) fn of(request: &Request) -> Option<Result<Self, Refused>> {
        let segments = request.segments();
        let segments: Vec<_> = segments.iter().map(String::as_str).collect();
        let ["v2", rest @ ..] = &segments[..] else { return None };
        let name = |segments: &[&str]| segments.join("/");
        let text = |segment: &&str| (*segment).to_owned();
        let route = match rest {
            [] => Self::Base,
            ["_catalog"] => Self::Catalog,
            [repository @ .., "tags", "list"] => Self::Tags { repository: name(repository) },
            [repository @ .., "blobs", "uploads"] => Self::Uploads { repository: name(repository) },
            [repository @ .., "blobs", "uploads", id] => Self::Upload { repository: name(repository), id: text(id) },
            [repository @ .., "blobs", digest] => Self::Blob { repository: name(repository), digest: text(digest) },
            [repository @ .., "manifests", reference] => Self::Manifest { repository: name(repository), reference: text(reference) },
            [repository @ .., "referrers", digest] => Self::Referrers { repository: name(repository), digest: text(digest) },
            _ => return None,
        };
        if let Some(name) = route.repository().filter(|name| !is_repository(name)) {
            return Some(Err(Refused::bad("NAME_INVALID", format!("invalid repository name: '{name}'"))));
        }
        Some(Ok(route))
    }

    pub(super) fn repository(&self) -> Option<&str> {
        match self {
            Self::Base | Self::Catalog => None,
            Self::Tags { repository }
            | Self::Manifest { repository, .. }
            | Self::Blob { repository, .. }
            | Self::Uploads { repository }
            | Self::Upload { repository, .. }
            | Self::Referrers { repository, .. } => Some(repository),
        }
    }

    /// The actions on the repository that a request needs.
    pub(super) fn actions(&self, method: &Method) -> &'static [&'static str] {
        match (self, method.as_str()) {
            (Self::Uploads { .. } | Self::Upload { .. }, _) | (_, "PUT" | "POST" | "PATCH") => &["pull", "push"],
            (_, "DELETE") => &["delete"],
            _ => &["pull"],
        }
    }
}

/// Whether `name` is one that a repository can have: parts of lower-case letters and digits, separated by `/`; within a part
/// `.`, `_`, `__` and hyphens between them.
pub(super) fn is_repository(name: &str) -> bool {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_part = |part: &str| {
        let separators = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).filter(|text| !text.is_empty());
        part.bytes().next().is_some_and(plain)
            && part.bytes().last().is_some_and(plain)
            && separators.into_iter().all(|text| matches!(text, "." | "_" | "__") || text.bytes().all(|c| c == b'-'))
    };
    name.len() + 2 * name.matches('/').count() <= LONGEST_NAME && name.split('/').all(is_part)
}

/// Whether `tag` is one that a manifest can have.
pub(super) fn is_tag(tag: &str) -> bool {
    let word = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    (1..=128).contains(&tag.len()) && tag.bytes().next().is_some_and(word) && tag.bytes().all(|c| word(c) || c == b'.' || c == b'-')
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn of(path: &str) -> Option<Result<Route, Refused>> {
        let uri = format!("https://shop.azurecr.io{path}").parse().unwrap();
        Route::of(&Request::new("shop.azurecr.io", Method::GET, &uri, HeaderMap::new(), Bytes::new()))
    }

    #[test]
    fn repositories_may_have_any_number_of_parts() {
        let repository = || "a/b/c".to_owned();
        assert_eq!(of("/v2/"), Some(Ok(Route::Base)));
        assert_eq!(of("/v2"), Some(Ok(Route::Base)));
        assert_eq!(of("/v2/a/b/c/tags/list"), Some(Ok(Route::Tags { repository: repository() })));
        assert_eq!(of("/v2/a/b/c/blobs/uploads/"), Some(Ok(Route::Uploads { repository: repository() })));
        let upload = Route::Upload { repository: repository(), id: "1".to_owned() };
        assert_eq!(of("/v2/a/b/c/blobs/uploads/1?_state=x"), Some(Ok(upload)));
        let manifest = Route::Manifest { repository: repository(), reference: "sha256:1".to_owned() };
        assert_eq!(of("/v2/a/b/c/manifests/sha256%3A1"), Some(Ok(manifest)));
        assert_eq!(of("/acr/v1/a"), None);
        assert_eq!(of("/v2/a/unknown"), None);
        assert!(matches!(of("/v2/A/tags/list"), Some(Err(_))));
        assert!(matches!(of("/v2/tags/list"), Some(Err(_))));
    }

    #[test]
    fn names_follow_the_rules_of_the_specification() {
        for (name, expected) in [
            ("shop/orders", true),
            ("a.b_c__d-e---f", true),
            ("a", true),
            ("", false),
            ("a//b", false),
            ("-a", false),
            ("a.", false),
            ("a..b", false),
            ("a___b", false),
            ("../a", false),
            ("Shop", false),
            (&"a/".repeat(100), false),
            (&format!("{}a", "a/".repeat(49)), true),
            (&format!("{}a", "a/".repeat(50)), false),
        ] {
            assert_eq!(is_repository(name), expected, "{name}");
        }
        for (tag, expected) in [("v1.0-x", true), ("_a", true), (".a", false), ("a:b", false), ("", false)] {
            assert_eq!(is_tag(tag), expected, "{tag}");
        }
    }
}
