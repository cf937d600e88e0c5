//! The table `messages`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Messages {
    Table,
    Id,
    Carrier,
    Priority,
    Recipient,
    Body,
    Status,
    Attempts,
    NextAttemptAt,
    LeaseUntil,
    CreatedAt,
    ExpiresAt,
    FinishedAt,
    Failure,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, Messages::Table);
        table
            .col(columns::primary(columns::uuid(Messages::Id)))
            .col(columns::string(Messages::Carrier, 64))
            .col(columns::integer(Messages::Priority))
            .col(columns::string(Messages::Recipient, 43))
            .col(columns::nullable(columns::blob(Messages::Body)))
            .col(columns::string(Messages::Status, 16))
            .col(columns::integer(Messages::Attempts))
            .col(columns::millis(Messages::NextAttemptAt))
            .col(columns::nullable(columns::millis(Messages::LeaseUntil)))
            .col(columns::millis(Messages::CreatedAt))
            .col(columns::millis(Messages::ExpiresAt))
            .col(columns::nullable(columns::millis(Messages::FinishedAt)))
            .col(columns::nullable(columns::string(Messages::Failure, 64)));
        manager.create_table(table).await?;
        columns::index(manager, "messages", &["status", "next_attempt_at"]).await?;
        columns::index(manager, "messages", &["finished_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Messages::Table).to_owned()).await
    }
}
