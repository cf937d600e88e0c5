//! Transactions that write.
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
pub(super) async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    todo!()
}
