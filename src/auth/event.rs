//! stub
use sea_orm::{ConnectionTrait, DbErr};
pub(super) async fn signed_in(
    tx: &impl ConnectionTrait,
    user_id: uuid::Uuid,
    client: &super::Client,
    grant: &crate::token::Grant,
    now: crate::clock::Timestamp,
) -> Result<(), DbErr> {
    todo!()
}
