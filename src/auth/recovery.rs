//! Recovery codes: what the owner keeps on paper for the day when nothing else works.

use entity::recovery_code::{Column, Entity};
use entity::user;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::challenge::recovery_codes_left;
use super::notice::Notice;
use super::{Auth, Unexpected};
use crate::clock::Timestamp;
use crate::courier::Queued;
use crate::vault::{Use, Vault, random_bytes};

/// Characters of a code, without dashes: 75 bits.
pub(super) const CHARACTERS: usize = 15;

/// Characters between two dashes.
const GROUP: usize = 5;

/// Letters and digits that are not mistaken for one another (Crockford's base32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// No code that people type is longer, in bytes.
const LONGEST: usize = 64;

/// With so many left the owner is told to make new ones.
const FEW: u64 = 2;

/// A recovery code in one spelling: small letters and digits. No `Debug`, no `Serialize`.
#[derive(Clone)]
pub(super) struct RecoveryCode(Zeroizing<String>);

impl RecoveryCode {
    /// Draws a code from the operating system's generator.
    pub(super) fn draw() -> Self {
        let mut code = Zeroizing::new(String::with_capacity(CHARACTERS));
        let bytes = Zeroizing::new(random_bytes::<CHARACTERS>());
        // 32 divides 256: each character is as likely as any other.
        code.extend(
            bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32)).map(|c| char::from(*c))),
        );
        Self(code)
    }

    /// A code as it is typed; case and dashes do not count. `None` for what has anything but letters, digits and dashes.
    pub(super) fn parse(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        let is_sound = typed.len() <= LONGEST
            && typed.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && typed.bytes().any(|c| c != b'-');
        is_sound.then(|| {
            let plain = typed.chars().filter(|c| *c != '-').map(|c| match c.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                c => c,
            });
            Self(Zeroizing::new(plain.collect()))
        })
    }

    /// The code as it is shown, in groups.
    pub(super) fn shown(&self) -> String {
        let mut shown = String::with_capacity(CHARACTERS + CHARACTERS / GROUP);
        for (at, c) in self.0.chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                shown.push('-');
            }
            shown.push(c);
        }
        shown
    }

    /// What the database keeps of it.
    pub(super) fn mac(&self, vault: &Vault, user_id: Uuid) -> [u8; 32] {
        vault.mac(Use::Factor, &[b"recovery", user_id.as_bytes(), self.0.as_bytes()])
    }
}

/// The unused code of `user_id` that was typed.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    vault: &Vault,
    user_id: Uuid,
    typed: &RecoveryCode,
) -> Result<Option<Uuid>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::UserId.eq(user_id))
        .filter(Column::Mac.eq(typed.mac(vault, user_id).to_vec()))
        .filter(Column::ConsumedAt.is_null())
        .into_tuple()
        .one(db)
        .await
}

/// Uses a code up: one guarded statement decides who wins.
pub(super) async fn use_up(tx: &impl ConnectionTrait, id: Uuid, now: Timestamp) -> Result<bool, DbErr> {
    let used = Entity::update_many()
        .col_expr(Column::ConsumedAt, Expr::value(now.millis()))
        .filter(Column::Id.eq(id))
        .filter(Column::ConsumedAt.is_null())
        .exec(tx)
        .await?;
    Ok(used.rows_affected == 1)
}

impl Auth {
    /// Tells the owner that a code was used, and when few are left.
    pub(super) async fn tell_of_recovery_code(
        &self,
        tx: &impl ConnectionTrait,
        user: &user::Model,
    ) -> Result<Vec<Queued>, Unexpected> {
        let mut queued = vec![self.notify(tx, user, Notice::RecoveryCodeUsed).await?];
        if recovery_codes_left(tx, user.id).await? == FEW {
            queued.push(self.notify(tx, user, Notice::FewRecoveryCodes).await?);
        }
        Ok(queued)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_has_75_bits_in_three_groups_and_no_two_are_alike() {
        let codes: std::collections::HashSet<_> = (0..100).map(|_| RecoveryCode::draw().shown()).collect();

        assert_eq!(codes.len(), 100);
        for code in codes {
            assert_eq!(code.len(), 17);
            assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [5, 5, 5]);
        }
    }

    #[test]
    fn case_dashes_and_letters_that_look_like_digits_do_not_count() {
        let typed = |text: &str| RecoveryCode::parse(text).map(|code| code.shown());

        assert_eq!(typed(" AB0CD-1efgh-JKMNP "), Some("ab0cd-1efgh-jkmnp".to_owned()));
        assert_eq!(typed("abOcdIefghjkmnp"), Some("ab0cd-1efgh-jkmnp".to_owned()));
        for nonsense in ["", "---", "ab cd", "ab_cd", "äbcde", "１２３", &"a".repeat(65)] {
            assert_eq!(typed(nonsense), None, "{nonsense}");
        }
    }

    #[tokio::test]
    async fn of_two_that_found_a_code_one_uses_it_up() {
        use crate::auth::fixture::{self, NOW};
        use crate::vault::MasterKey;

        let database = fixture::database().await;
        let db = &database.connection;
        let jo = fixture::insert_user(db, "jo@example.com").await;
        let eve = fixture::insert_user(db, "eve@example.com").await;
        let vault = Vault::new(&MasterKey::generate());
        let code = RecoveryCode::draw();
        let row = entity::recovery_code::Model {
            id: Uuid::new_v4(),
            user_id: jo.id,
            mac: code.mac(&vault, jo.id).to_vec(),
            created_at: NOW.millis(),
            consumed_at: None,
        };
        Entity::insert(sea_orm::IntoActiveModel::into_active_model(row))
            .exec_without_returning(db)
            .await
            .unwrap();

        let found = find(db, &vault, jo.id, &code).await.unwrap().unwrap();
        let somebody_elses = find(db, &vault, eve.id, &code).await.unwrap();
        let first = use_up(db, found, NOW).await.unwrap();
        let second = use_up(db, found, NOW).await.unwrap();

        assert_eq!((first, second), (true, false));
        assert_eq!(somebody_elses, None);
        assert_eq!(find(db, &vault, jo.id, &code).await.unwrap(), None);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_one_spelling_or_nothing(typed in "\\PC{0,70}") {
            if let Some(code) = RecoveryCode::parse(&typed) {
                prop_assert_eq!(RecoveryCode::parse(&code.shown()).unwrap().shown(), code.shown());
            }
        }
    }
}
