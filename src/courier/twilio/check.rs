//! Whether Twilio knows the account: asks for it, and sends no text.

use std::time::Duration;

use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::super::checked::Checked;
use super::super::vendor::{Answer, Silence, Vendor};
use super::account::Account;
use super::reply::Reply;
use super::request::address;
use super::settings::TwilioSettings;
use crate::clock::Clock;

const UNSENDABLE: &str = "nobody could send such a request: check twilio_account_sid and twilio_auth_token";
/// Credentials for trying Twilio's API: they reach no account, and nobody's telephone.
const TEST_CREDENTIALS: u32 = 20008;
/// The account was suspended or closed.
const NOT_ACTIVE: u32 = 20005;

/// What is read of an account.
#[derive(Default, Deserialize)]
struct AccountReply {
    #[serde(default)]
    status: String,
    #[serde(default, rename = "type")]
    kind: String,
}

/// Asks Twilio for the account of `settings`, within `timeout`. Besides tells by how many milliseconds Twilio's clock is ahead of ours, if
/// the answer was dated.
pub async fn check_account(
    settings: &TwilioSettings,
    timeout: Duration,
    clock: &Clock,
) -> (Checked, Option<i64>) {
    let account = match Account::read(settings) {
        Ok(account) => account,
        Err(faults) => return (Checked::Broken(faults), None),
    };
    let place = account.base_url.host_str().unwrap_or_default().to_owned();
    match ask(&account, timeout).await {
        Ok(answer) => {
            // A date has whole seconds: on average it is half of one behind.
            let ahead = answer
                .date
                .map(|(date, heard)| date.plus(heard.elapsed()).millis() + 500 - clock.now().millis());
            (judge(&place, &answer), ahead)
        }
        Err(fault) => (Checked::Broken(format!("{place}: {fault}")), None),
    }
}

async fn ask(account: &Account, timeout: Duration) -> Result<Answer, String> {
    let vendor = Vendor::new("twilio", timeout)?;
    let path = format!("/2010-04-01/Accounts/{}.json", account.sid);
    let url = address(&account.base_url, &path).ok_or("twilio_base_url: expected an address with a path")?;
    let request = vendor.get(url).basic_auth(&account.sid, Some(account.token.expose_secret()));
    let request = request.build().map_err(|_| UNSENDABLE)?;
    vendor.ask(request).await.map_err(|silence| match silence {
        Silence::Unreached(Some(cause)) => cause.advice("twilio_base_url"),
        Silence::Unreached(None) => "no connection: check twilio_base_url and firewall".to_owned(),
        Silence::Unsendable => UNSENDABLE.to_owned(),
        Silence::BrokenOff => "the connection broke off: try again".to_owned(),
        Silence::TimedOut => {
            format!("no answer within {} ms: check twilio_base_url and firewall", timeout.as_millis())
        }
    })
}

fn judge(place: &str, answer: &Answer) -> Checked {
    let code = Reply::read(&answer.body).code;
    let status = answer.status;
    if status.is_success() {
        return judge_account(place, &serde_json::from_slice(&answer.body).unwrap_or_default());
    }
    let fault = match (status, code) {
        (_, Some(NOT_ACTIVE)) => "the account is suspended or closed: see Twilio's console".to_owned(),
        (_, Some(TEST_CREDENTIALS)) => {
            "these are test credentials, which send nothing: use the account's live ones".to_owned()
        }
        (StatusCode::UNAUTHORIZED, _) => {
            "wrong credentials (401): check twilio_account_sid and twilio_auth_token".to_owned()
        }
        (StatusCode::NOT_FOUND, _) => {
            "unknown account (404): check twilio_account_sid and twilio_base_url".to_owned()
        }
        (StatusCode::FORBIDDEN, _) => "the account may not be used (403): see Twilio's console".to_owned(),
        _ => format!("it answered {}: see status.twilio.com, and check twilio_base_url", status.as_u16()),
    };
    Checked::Broken(format!("{place}: {fault}"))
}

fn judge_account(place: &str, account: &AccountReply) -> Checked {
    match (account.status.as_str(), account.kind.as_str()) {
        ("active", "Trial") => Checked::Doubtful(format!(
            "{place}: a trial account, which texts only to numbers that were verified with Twilio; no text was sent"
        )),
        ("active", _) => {
            Checked::Sound(format!("{place} knows the account, which is active; no text was sent"))
        }
        ("suspended" | "closed", _) => {
            Checked::Broken(format!("{place}: the account is {}: see Twilio's console", account.status))
        }
        _ => Checked::Broken(format!("{place}: no answer of Twilio: check twilio_base_url")),
    }
}
