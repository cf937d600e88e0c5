//! What a guess is held against: a code that was sent, one that an app computes, or a recovery code.

use uuid::Uuid;

use super::{Auth, Candidate};
use crate::auth::authenticator::{self, Enrolled};
use crate::auth::challenge::{self, Binding, RECOVERY_CODE};
use crate::auth::error::Trouble;
use crate::auth::recovery::{self, RecoveryCode};
use crate::clock::Timestamp;
use crate::otp::{Account, Code, Match, ProviderKind, Purpose, totp};
use crate::token::Method;
use crate::vault;

/// How codes come to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Drawn here and sent by a provider.
    Sent,
    /// Computed by the user's app.
    Computed,
    /// On paper.
    Recovery,
}

/// A well-formed guess.
pub(super) enum Typed {
    Sent(Code),
    Computed(Code),
    Recovery(RecoveryCode),
}

impl Typed {
    /// The guess in one spelling; what cannot be a code is refused and costs no attempt. One that was sent has so many digits.
    pub(super) fn read(way: Way, text: &str, sent: usize) -> Option<Self> {
        match way {
            Way::Sent => digits(text, sent).map(Self::Sent),
            Way::Computed => digits(text, totp::DIGITS).map(Self::Computed),
            Way::Recovery => RecoveryCode::parse(text).map(Self::Recovery),
        }
    }
}

/// A guess, and what of the account it is held against besides its challenge.
pub(super) enum Held<'a> {
    Sent(&'a Code),
    Computed(&'a Code, Enrolled),
    Recovery(&'a RecoveryCode),
}

/// What a right guess uses up besides its challenge.
pub(super) enum Proof {
    /// Nothing: the code is good for its challenge only.
    Code,
    /// A time step of the app.
    Step(Enrolled, u64),
    /// A recovery code.
    Recovery(Uuid),
}

/// What a guess turns out to be.
pub(super) enum Finding<'a> {
    Right(&'a Candidate, Proof),
    /// A computed code of a step that is too far away.
    Near(u64),
    Wrong,
}

impl Proof {
    /// How the user has signed in.
    pub(super) fn methods(&self) -> Vec<Method> {
        match self {
            Self::Code | Self::Step(..) => vec![Method::Pwd, Method::Otp],
            Self::Recovery(_) => vec![Method::Pwd, Method::Recovery],
        }
    }
}

impl Auth {
    /// How codes of the provider `name` come. One that is not registered any more may have sent some.
    pub(super) fn way_of(&self, name: &str) -> Way {
        if name == RECOVERY_CODE {
            return Way::Recovery;
        }
        match self.0.providers.load().kind_of(name) {
            Some(ProviderKind::Authenticator) => Way::Computed,
            Some(ProviderKind::Email | ProviderKind::Sms | ProviderKind::Custom | ProviderKind::Recovery)
            | None => Way::Sent,
        }
    }

    /// What the guess is to be held against; `None` if the account has no such factor.
    pub(super) async fn hold<'a>(
        &self,
        user_id: Uuid,
        typed: &'a Typed,
    ) -> Result<Option<Held<'a>>, Trouble> {
        let house = &*self.0;
        Ok(match typed {
            Typed::Sent(code) => Some(Held::Sent(code)),
            Typed::Computed(code) => authenticator::find(&house.db, &house.vault, user_id)
                .await?
                .map(|app| Held::Computed(code, app)),
            Typed::Recovery(code) => {
                let left = challenge::recovery_codes_left(&house.db, user_id).await?;
                (left > 0).then_some(Held::Recovery(code))
            }
        })
    }

    /// Holds a counted guess against its challenges.
    pub(super) async fn look<'a>(
        &self,
        account: &Account,
        provider: &str,
        held: Held<'_>,
        judged: Vec<&'a Candidate>,
        now: Timestamp,
    ) -> Result<Finding<'a>, Trouble> {
        let house = &*self.0;
        let Some(first) = judged.first().copied() else { return Ok(Finding::Wrong) };
        match held {
            Held::Sent(code) => {
                let right = judged.into_iter().find(|candidate| self.matches(candidate, code));
                Ok(right.map_or(Finding::Wrong, |candidate| Finding::Right(candidate, Proof::Code)))
            }
            Held::Computed(code, app) => {
                let providers = house.providers.load_full();
                Ok(match providers.check(provider, account, &app.secret, code, now).await? {
                    Match::Step(step) => Finding::Right(first, Proof::Step(app, step)),
                    Match::Near(step) => Finding::Near(step),
                    Match::Wrong => Finding::Wrong,
                })
            }
            Held::Recovery(code) => {
                let found = recovery::find(&house.db, &house.vault, account.id, code).await?;
                Ok(found.map_or(Finding::Wrong, |id| Finding::Right(first, Proof::Recovery(id))))
            }
        }
    }

    fn matches(&self, candidate: &Candidate, code: &Code) -> bool {
        let vault = &self.0.vault;
        let Some(stored) = &candidate.code else { return false };
        let Some(destination) = challenge::destination(vault, stored) else { return false };
        let binding = Binding {
            challenge: &candidate.challenge.id,
            purpose: Purpose::SignIn,
            provider: &stored.provider,
            destination: &destination,
        };
        vault::equal(&binding.mac(vault, code), &stored.mac)
    }
}

/// Exactly `length` ASCII digits after trimming.
pub(in crate::auth) fn digits(text: &str, length: usize) -> Option<Code> {
    let digits = text.trim();
    let well_formed = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
    well_formed.then(|| Code::new(digits.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_its_digits_without_the_blanks_around() {
        assert!(digits(" 123456\r\n", 6).is_some_and(|code| code.expose() == "123456"));
        for typed in
            ["", "12345", "1234567", "12 3456", "+12345", "-12345", "１２３４５６", "12345a", "0x1234"]
        {
            assert!(digits(typed, 6).is_none(), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_has_the_length_and_nothing_but_digits(typed in "\\PC{0,20}", length in 6usize..=10) {
            if let Some(code) = digits(&typed, length) {
                prop_assert_eq!(code.expose().len(), length);
                prop_assert!(code.expose().bytes().all(|digit| digit.is_ascii_digit()));
            }
        }

        #[test]
        fn every_code_is_taken_whatever_is_around(code in "[0-9]{6}", before in "[ \t]{0,3}", after in "[ \r\n]{0,3}") {
            let typed = format!("{before}{code}{after}");
            prop_assert!(digits(&typed, 6).is_some_and(|read| read.expose() == code));
        }
    }
}
