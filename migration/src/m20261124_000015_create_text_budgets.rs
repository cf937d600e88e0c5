//! The table `text_budgets`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum TextBudgets {
    Table,
    Provider,
    Slot,
    Sent,
    Confirmations,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, TextBudgets::Table);
        table
            .col(columns::string(TextBudgets::Provider, 64))
            .col(columns::millis(TextBudgets::Slot))
            .col(columns::integer(TextBudgets::Sent))
            .col(columns::integer(TextBudgets::Confirmations))
            .primary_key(Index::create().col(TextBudgets::Provider).col(TextBudgets::Slot));
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(TextBudgets::Table).to_owned()).await
    }
}
