//! The table `windows`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Windows {
    Table,
    Key,
    Times,
    ExpiresAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, Windows::Table);
        table
            .col(columns::primary(columns::string(Windows::Key, 96)))
            .col(columns::text(Windows::Times))
            .col(columns::millis(Windows::ExpiresAt));
        manager.create_table(table).await?;
        columns::index(manager, "windows", &["expires_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Windows::Table).to_owned()).await
    }
}
