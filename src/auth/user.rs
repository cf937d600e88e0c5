//! stub
use super::EmailAddress;
use entity::user;
use sea_orm::{ConnectionTrait, DbErr};
pub(super) async fn find_by_email(
    db: &impl ConnectionTrait,
    email: &EmailAddress,
) -> Result<Option<user::Model>, DbErr> {
    todo!()
}
pub(super) async fn is_unchanged(db: &impl ConnectionTrait, user: &user::Model) -> Result<bool, DbErr> {
    todo!()
}
pub(super) fn roles_of(user: &user::Model) -> Vec<String> {
    todo!()
}
