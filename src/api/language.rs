//! The languages that a client asks for: `Accept-Language` (RFC 9110 section 12.5.4).

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;

use crate::auth::Language;

/// No browser asks for more.
const MOST: usize = 32;

/// The language to answer in.
pub(super) fn language_of(request: &HttpRequest) -> Language {
    accepted(request).iter().find_map(|tag| Language::find(tag)).unwrap_or(Language::English)
}

/// The tags that the client accepts, the one it likes best first.
pub(super) fn accepted(request: &HttpRequest) -> Vec<String> {
    let lines = request.headers().get_all(ACCEPT_LANGUAGE).filter_map(|line| line.to_str().ok());
    let mut ranges: Vec<(u32, &str)> =
        lines.flat_map(|line| line.split(',')).take(MOST).filter_map(weighed).collect();
    // Stable: of two that are liked alike, the first one.
    ranges.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    ranges.into_iter().map(|(_, tag)| tag.to_owned()).collect()
}

/// A range with its weight in thousandths; nothing for `*`, for what is not accepted and for what is none.
fn weighed(range: &str) -> Option<(u32, &str)> {
    let (tag, parameter) = range.split_once(';').unwrap_or((range, "q=1"));
    let (tag, (name, value)) = (tag.trim(), parameter.trim().split_once('=')?);
    let quality: f64 = value.parse().ok().filter(|quality| (0.0..=1.0).contains(quality))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 1000")]
    let weight = (quality * 1000.0) as u32;
    let is_asked_for = name.eq_ignore_ascii_case("q") && weight > 0 && !tag.is_empty() && tag != "*";
    is_asked_for.then_some((weight, tag))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn asked(header: &str) -> HttpRequest {
        TestRequest::get().insert_header((ACCEPT_LANGUAGE, header)).to_http_request()
    }

    #[test]
    fn the_tag_that_is_liked_best_comes_first() {
        for (header, tags) in [
            ("de", &["de"] as &[&str]),
            ("fr;q=0.5, de-AT;q=0.8, en", &["en", "de-AT", "fr"]),
            ("de;q=0, *;q=0.1, en;q=0.2", &["en"]),
            ("de;q=2, en;q=x, fr;x=1, ;q=1, it ; q=1.000", &["it"]),
            ("", &[]),
        ] {
            assert_eq!(accepted(&asked(header)), tags, "{header}");
        }
    }

    #[test]
    fn the_first_language_that_the_house_speaks_is_taken() {
        for (header, language) in [
            ("fr, de-CH;q=0.9, en;q=0.8", Language::German),
            ("en-GB, de", Language::English),
            ("fr", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(language_of(&asked(header)), language, "{header}");
        }
        assert_eq!(language_of(&TestRequest::get().to_http_request()), Language::English);
    }
}
