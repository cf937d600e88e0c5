//! The column `challenge_codes.code`: the sealed code, so that a re-send carries the same one.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum ChallengeCodes {
    Table,
    Code,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        columns::add(manager, "challenge_codes", columns::nullable(columns::blob(ChallengeCodes::Code))).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter().table(ChallengeCodes::Table).drop_column(ChallengeCodes::Code).to_owned(),
            )
            .await
    }
}
