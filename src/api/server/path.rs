//! Paths of the article's contract match whatever their case, and with a slash at the end.

use actix_web::dev::ServiceRequest;
use actix_web::http::Uri;
use actix_web::http::uri::PathAndQuery;

const ROOMS: [&str; 2] = ["/api/accounts", "/api/companies"];

/// Rewrites the path before it is routed, if it belongs to the article's contract and is not spelt as the routes are.
pub(super) fn normalise(request: &mut ServiceRequest) {
    let Some(path) = normal(request.path()) else { return };
    let Some(uri) = with_path(request.uri(), path) else { return };
    request.match_info_mut().get_mut().update(&uri);
    request.head_mut().uri = uri;
}

/// The normal spelling of `path`; nothing if it has that already, or is none of these paths.
fn normal(path: &str) -> Option<String> {
    let in_room = |room: &str| {
        path.get(..room.len()).is_some_and(|head| head.eq_ignore_ascii_case(room))
            && path.as_bytes().get(room.len()).is_none_or(|next| *next == b'/')
    };
    if !ROOMS.into_iter().any(in_room) {
        return None;
    }
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    let changes = trimmed.len() < path.len() || trimmed.bytes().any(|b| b.is_ascii_uppercase());
    changes.then(|| trimmed.to_ascii_lowercase())
}

fn with_path(uri: &Uri, mut path: String) -> Option<Uri> {
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_paths_of_the_articles_contract_change() {
        assert_eq!(normal("/API/Accounts/Login").as_deref(), Some("/api/accounts/login"));
        assert_eq!(normal("/api/companies/").as_deref(), Some("/api/companies"));
        assert_eq!(normal("/api/Companies/Privacy/").as_deref(), Some("/api/companies/privacy"));
        for path in ["/", "/api/accounts/login", "/api/accountsX", "/Privacy", "/api/v1/Me", "/api/é"] {
            assert_eq!(normal(path), None, "{path}");
        }
    }

    #[test]
    fn the_query_keeps_its_spelling() {
        let uri = "/Api/Accounts/EmailConfirmation/?token=Ab%2Bc&email=A@b.c";
        let mut request = TestRequest::with_uri(uri).to_srv_request();

        normalise(&mut request);

        assert_eq!(request.uri().to_string(), "/api/accounts/emailconfirmation?token=Ab%2Bc&email=A@b.c");
        assert_eq!(request.match_info().as_str(), "/api/accounts/emailconfirmation");
    }
}
