//! The table `recovery_codes`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum RecoveryCodes {
    Table,
    Id,
    UserId,
    Mac,
    CreatedAt,
    ConsumedAt,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, RecoveryCodes::Table);
        table
            .col(columns::primary(columns::uuid(RecoveryCodes::Id)))
            .col(columns::uuid(RecoveryCodes::UserId))
            .col(columns::digest(RecoveryCodes::Mac))
            .col(columns::millis(RecoveryCodes::CreatedAt))
            .col(columns::nullable(columns::millis(RecoveryCodes::ConsumedAt)))
            .foreign_key(
                ForeignKey::create()
                    .from(RecoveryCodes::Table, RecoveryCodes::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(table).await?;
        columns::index(manager, "recovery_codes", &["user_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(RecoveryCodes::Table).to_owned()).await
    }
}
