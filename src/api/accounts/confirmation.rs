//! GET emailconfirmation.

use std::rc::Rc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use url::form_urlencoded;

use crate::api::State;
use crate::api::call::Call;
use crate::api::error::{Refusal, Route};
use crate::auth::ConfirmError;
use crate::limits::Limit;

pub(super) async fn confirm(request: HttpRequest, state: Data<State>) -> HttpResponse {
    let call = Call::begin(request, state);
    let result = call.finish(open_link(Rc::clone(&call))).await.map(|()| HttpResponse::Ok().finish());
    Route::EmailConfirmation.answer(result, &call.id())
}

/// HEAD: a link scanner looks. Nothing is used up.
pub(super) async fn look() -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn open_link(call: Rc<Call>) -> Result<(), Refusal> {
    let query = call.request().query_string();
    let (Some(email), Some(token)) = (parameter(query, "email"), parameter(query, "token")) else {
        return Err(ConfirmError::InvalidLink.into());
    };
    call.count(Limit::Mail).await?;
    Ok(call.state.auth.confirm_email(Some(&email), &token, &call.client).await?)
}

/// The one parameter of that name, whatever its case, as a text that the database can be asked for.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut values =
        form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let (_, value) = values.next()?;
    let is_sound = values.next().is_none() && !value.is_empty() && !value.contains('\0');
    is_sound.then(|| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_taken_once_and_whole() {
        assert_eq!(parameter("token=a%2Bb&email=x", "token").as_deref(), Some("a+b"));
        assert_eq!(parameter("Token=a", "token").as_deref(), Some("a"));
        for query in ["", "token", "token=", "token=a&token=b", "token=a%00", "other=a"] {
            assert_eq!(parameter(query, "token"), None, "{query}");
        }
    }
}
