//! The table `lockouts`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Lockouts {
    Table,
    Key,
    Failures,
    LockedUntil,
    UpdatedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, Lockouts::Table);
        table
            .col(columns::primary(columns::string(Lockouts::Key, 64)))
            .col(columns::integer(Lockouts::Failures))
            .col(columns::nullable(columns::millis(Lockouts::LockedUntil)))
            .col(columns::millis(Lockouts::UpdatedAt));
        manager.create_table(table).await?;
        manager
            .create_index(
                Index::create()
                    .name("idx_lockouts_updated_at")
                    .table(Lockouts::Table)
                    .col(Lockouts::UpdatedAt)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Lockouts::Table).to_owned()).await
    }
}
