//! Redis: whether it does what the request limits ask of it.

use redis::{Client, RedisError, Script};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use uuid::Uuid;

use super::{Evidence, Outcome};
use crate::clock::Clock;
use crate::courier::{Cause, Checked};

/// Writes, takes it back, and tells the time, as the limits do: by a script.
const TRY: &str = r"
redis.call('SET', KEYS[1], '1', 'PX', 1000)
redis.call('DEL', KEYS[1])
return redis.call('TIME')
";

pub(super) async fn check(url: &SecretString, clock: &Clock) -> Outcome {
    let place = place(url);
    match ask(url).await {
        Ok((seconds, micros)) => {
            let theirs = seconds.saturating_mul(1000).saturating_add(micros / 1000);
            let evidence = Evidence::clock("the clock of Redis".to_owned(), theirs - clock.now().millis());
            let sound =
                format!("{place} answers, runs scripts and can be written to; nothing was left there");
            Outcome(Checked::Sound(sound), vec![evidence])
        }
        Err(error) => Checked::Broken(format!("{place}: {}", advice(&error))).into(),
    }
}

async fn ask(url: &SecretString) -> Result<(i64, i64), RedisError> {
    let client = Client::open(url.expose_secret())?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let script = Script::new(TRY);
    script.key(format!("twostep:doctor:{}", Uuid::new_v4())).invoke_async(&mut connection).await
}

fn place(url: &SecretString) -> String {
    let url = Url::parse(url.expose_secret()).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let port = url.as_ref().and_then(Url::port).unwrap_or(6379);
    format!("{host}:{port}")
}

/// What Redis says is a word of its own (`NOAUTH`, `READONLY`) and a sentence; the sentence may repeat what it was sent.
fn advice(error: &RedisError) -> String {
    if let Some(cause) = Cause::of(error) {
        return cause.advice("redis.url");
    }
    if error.is_io_error() {
        return "no connection: check host and port in redis.url, and the resolver of this machine"
            .to_owned();
    }
    let code = error.code().unwrap_or_else(|| error.category());
    match code {
        "READONLY" => "it is a replica, which nobody may write to: use the primary in redis.url".to_owned(),
        "NOPERM" => "the user may not run scripts there: allow EVAL, EVALSHA, SCRIPT, SET, GET, DEL and TIME on twostep:*".to_owned(),
        _ => format!("it refuses us ({code}): check user, password and number in redis.url"),
    }
}
