//! The table `authenticators`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Authenticators {
    Table,
    UserId,
    Secret,
    ConfirmedAt,
    LastStep,
    PendingSecret,
    PendingAt,
    PendingAttempts,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, Authenticators::Table);
        table
            .col(columns::primary(columns::uuid(Authenticators::UserId)))
            .col(columns::nullable(columns::blob(Authenticators::Secret)))
            .col(columns::nullable(columns::millis(Authenticators::ConfirmedAt)))
            .col(columns::millis(Authenticators::LastStep))
            .col(columns::nullable(columns::blob(Authenticators::PendingSecret)))
            .col(columns::nullable(columns::millis(Authenticators::PendingAt)))
            .col(columns::integer(Authenticators::PendingAttempts))
            .foreign_key(
                ForeignKey::create()
                    .from(Authenticators::Table, Authenticators::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Authenticators::Table).to_owned()).await
    }
}
