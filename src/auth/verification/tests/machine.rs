//! Random walks through logins, sends, guesses, time and toggles, beside a model that says what must not happen (P1 to P3).

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use entity::challenge;
use proptest::prelude::*;
use sea_orm::EntityTrait as _;

use super::super::{Guess, GuessError};
use crate::auth::fixture::{self, House};
use crate::auth::{ChallengeId, Client, SendError, SessionKind};
use crate::clock::Timestamp;
use crate::courier::Templates;
use crate::otp::{
    AuthenticatorOtpProvider, EmailOtpProvider, ProviderRegistry, RegistryBuilder, SmsOtpProvider,
};

const PROVIDERS: [&str; 2] = ["Email", "Sms"];
const MOST_GUESSES: u32 = 5;
const LIFE: i64 = 300_000;

/// One step; numbers pick a challenge of those that were opened.
#[derive(Clone, Debug)]
enum Step {
    Login,
    Send(usize, usize),
    Right(usize, usize),
    Wrong(usize, usize),
    /// The code of another challenge, or of another provider.
    Foreign(usize, usize),
    Wait(u64),
    /// Which providers are on.
    Toggle(bool, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Login),
        3 => (0..4usize, 0..2usize).prop_map(|(at, by)| Step::Send(at, by)),
        3 => (0..4usize, 0..2usize).prop_map(|(at, by)| Step::Right(at, by)),
        5 => (0..4usize, 0..2usize).prop_map(|(at, by)| Step::Wrong(at, by)),
        2 => (0..4usize, 0..2usize).prop_map(|(at, by)| Step::Foreign(at, by)),
        2 => (1..200u64).prop_map(Step::Wait),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(email, sms)| Step::Toggle(email, sms)),
    ]
}

/// What the model knows of one challenge.
struct Open {
    id: ChallengeId,
    opened_at: Timestamp,
    used: bool,
    wrong: u32,
    /// The code that each provider has sent.
    codes: HashMap<&'static str, String>,
}

struct Walk {
    house: House,
    open: Vec<Open>,
    sessions: u32,
}

fn client() -> Client {
    Client { address: "192.0.2.1".parse().unwrap(), user_agent: String::new() }
}

fn registry(email: bool, sms: bool) -> ProviderRegistry {
    let templates = Templates::load(None, "login.example.com").unwrap();
    let mut registry = RegistryBuilder::default().register("Authenticator", AuthenticatorOtpProvider);
    if email {
        registry = registry.register("Email", EmailOtpProvider::new(templates.clone(), "login.example.com"));
    }
    if sms {
        registry = registry.register("Sms", SmsOtpProvider::new("Sms", templates, "login.example.com"));
    }
    registry.start()
}

impl Walk {
    async fn begin() -> Self {
        let house = fixture::house().await;
        let jo = fixture::insert_user(house.db(), "jo@example.com").await;
        fixture::give_phone(house.db(), &jo, "+4915112345678").await;
        // Only the challenge's own budget is looked at here.
        let off = crate::clock::Rate(None);
        let two_step = crate::auth::TwoStepSettings {
            account_attempts: off,
            destination_sends: off,
            account_attempts_total: 10_000,
            ..(**house.auth.0.two_step.load()).clone()
        };
        house.auth.0.two_step.store(std::sync::Arc::new(two_step));
        Self { house, open: Vec::new(), sessions: 0 }
    }

    /// The code that a provider has sent in a challenge, read where the server keeps it sealed.
    async fn sent_code(&self, id: &ChallengeId, provider: &str) -> Option<String> {
        let row =
            crate::auth::challenge::find_code(self.house.db(), &id.digest(), provider).await.unwrap()?;
        let code = crate::auth::challenge::reveal(&self.house.vault, &row)?;
        Some(code.expose().to_owned())
    }

    async fn walk(&mut self, step: &Step) {
        match *step {
            Step::Login => self.log_in().await,
            Step::Send(at, by) => self.send(at, PROVIDERS[by]).await,
            Step::Right(at, by) => {
                let Some(code) = self.open.get(at).and_then(|open| open.codes.get(PROVIDERS[by])).cloned()
                else {
                    return;
                };
                self.guess(at, PROVIDERS[by], &code, true).await;
            }
            Step::Wrong(at, by) => {
                let known: HashSet<_> =
                    self.open.iter().flat_map(|open| open.codes.values()).cloned().collect();
                let code =
                    (0..1_000_000).map(|n| format!("{n:06}")).find(|code| !known.contains(code)).unwrap();
                self.guess(at, PROVIDERS[by], &code, false).await;
            }
            Step::Foreign(at, by) => {
                let own = self.open.get(at).and_then(|open| open.codes.get(PROVIDERS[by]));
                let others = self.open.iter().enumerate().flat_map(|(other, open)| {
                    open.codes.iter().filter(move |(name, _)| other != at || **name != PROVIDERS[by])
                });
                let Some(code) = others.map(|(_, code)| code).find(|code| Some(*code) != own).cloned() else {
                    return;
                };
                self.guess(at, PROVIDERS[by], &code, false).await;
            }
            Step::Wait(seconds) => self.house.clock.advance(Duration::from_secs(seconds)),
            Step::Toggle(email, sms) => {
                self.house.auth.0.providers.store(std::sync::Arc::new(registry(email, sms)));
            }
        }
    }

    async fn log_in(&mut self) {
        let jo = self.house.user("jo@example.com").await;
        let opened_at = self.house.clock.now();
        let Ok(view) = self.house.auth.open_challenge(&jo, &client(), SessionKind::Refreshable).await else {
            return;
        };
        let mut open = Open { id: view.id, opened_at, used: false, wrong: 0, codes: HashMap::new() };
        for provider in PROVIDERS {
            if let Some(code) = self.sent_code(&open.id, provider).await {
                open.codes.insert(provider, code);
            }
        }
        self.open.push(open);
    }

    async fn send(&mut self, at: usize, provider: &'static str) {
        let Some(open) = self.open.get(at) else { return };
        let is_over = self.is_over(open);
        let id = open.id.clone();
        match self.house.auth.send_code(&id, provider, &client()).await {
            Ok(_) => {
                assert!(!is_over, "a challenge that is over sends nothing");
                let code = self.sent_code(&id, provider).await.unwrap();
                let kept = self.open[at].codes.entry(provider).or_insert_with(|| code.clone());
                assert_eq!(*kept, code, "the same code as long as it lives");
            }
            Err(SendError::Closed) => assert!(is_over),
            Err(SendError::InvalidProvider | SendError::TooSoon(_) | SendError::TooManySends(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }

    fn is_over(&self, open: &Open) -> bool {
        let age = self.house.clock.now().millis() - open.opened_at.millis();
        open.used || open.wrong >= MOST_GUESSES || age >= LIFE
    }

    async fn guess(&mut self, at: usize, provider: &str, code: &str, is_right: bool) {
        let Some(open) = self.open.get(at) else { return };
        let (is_over, has_code) = (self.is_over(open), open.codes.contains_key(provider));
        let guess = Guess {
            challenge: open.id.clone(),
            code: code.to_owned(),
            provider: Some(provider.to_owned()),
            client: client(),
            known_browser: None,
            session: SessionKind::Refreshable,
            remember_device: false,
            devices: Vec::new(),
        };
        let judged = self.house.auth.verify_challenge(guess).await;
        let open = &mut self.open[at];
        match judged {
            Ok(_) => {
                assert!(is_right, "P2: only the code of this challenge and provider");
                assert!(!is_over, "P1, P3: not twice, not late, not after the guesses are spent");
                open.used = true;
                self.sessions += 1;
            }
            Err(GuessError::Wrong { attempts_left, .. }) => {
                assert!(!is_right && !is_over);
                open.wrong += 1;
                assert_eq!(attempts_left, MOST_GUESSES - open.wrong, "P3: each is counted");
            }
            Err(GuessError::Closed) => assert!(is_over),
            Err(GuessError::InvalidProvider) => assert!(!has_code),
            Err(other) => panic!("{other}"),
        }
    }

    /// What the database says at the end is what the model says.
    async fn check(&self) {
        for open in &self.open {
            let row =
                challenge::Entity::find_by_id(open.id.digest()).one(self.house.db()).await.unwrap().unwrap();
            assert!(row.attempts <= i32::try_from(MOST_GUESSES).unwrap(), "P3");
            assert_eq!(row.consumed_at.is_some(), open.used, "P1");
        }
        let sessions = entity::session::Entity::find().all(self.house.db()).await.unwrap().len();
        assert_eq!(
            sessions,
            usize::try_from(self.sessions).unwrap(),
            "a session for each code that was used"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_in_whatever_order_codes_are_once_bound_and_counted(
        steps in proptest::collection::vec(step(), 1..40)
    ) {
        actix_web::rt::System::new().block_on(async {
            let mut walk = Walk::begin().await;
            walk.log_in().await;
            for step in &steps {
                walk.walk(step).await;
            }
            walk.check().await;
        });
    }
}
