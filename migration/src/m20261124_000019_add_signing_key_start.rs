//! The column `signing_keys.activated_at`: from when on a key signs; one without is the next.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum SigningKeys {
    Table,
    CreatedAt,
    ActivatedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = columns::nullable(columns::millis(SigningKeys::ActivatedAt));
        columns::add(manager, "signing_keys", column).await?;
        // Those that are there sign or have signed.
        let all = Query::update()
            .table(SigningKeys::Table)
            .value(SigningKeys::ActivatedAt, Expr::col(SigningKeys::CreatedAt))
            .and_where(Expr::col(SigningKeys::ActivatedAt).is_null())
            .to_owned();
        manager.execute(all).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = SigningKeys::ActivatedAt;
        manager.alter_table(Table::alter().table(SigningKeys::Table).drop_column(column).to_owned()).await
    }
}
