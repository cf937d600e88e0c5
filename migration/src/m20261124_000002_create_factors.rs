//! The table `factors`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Factors {
    Table,
    UserId,
    Provider,
    Failures,
    DisabledAt,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, Factors::Table);
        table
            .col(columns::uuid(Factors::UserId))
            .col(columns::string(Factors::Provider, 64))
            .col(columns::integer(Factors::Failures))
            .col(columns::nullable(columns::millis(Factors::DisabledAt)))
            .primary_key(Index::create().col(Factors::UserId).col(Factors::Provider))
            .foreign_key(
                ForeignKey::create()
                    .from(Factors::Table, Factors::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Factors::Table).to_owned()).await
    }
}
