//! The table `challenge_codes`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum ChallengeCodes {
    Table,
    ChallengeId,
    Provider,
    Mac,
    Destination,
    MessageId,
    SentAt,
}

#[derive(DeriveIden)]
enum Challenges {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, ChallengeCodes::Table);
        table
            .col(columns::string(ChallengeCodes::ChallengeId, 43))
            .col(columns::string(ChallengeCodes::Provider, 64))
            .col(columns::digest(ChallengeCodes::Mac))
            .col(columns::blob(ChallengeCodes::Destination))
            .col(columns::uuid(ChallengeCodes::MessageId))
            .col(columns::millis(ChallengeCodes::SentAt))
            .primary_key(Index::create().col(ChallengeCodes::ChallengeId).col(ChallengeCodes::Provider))
            .foreign_key(
                ForeignKey::create()
                    .from(ChallengeCodes::Table, ChallengeCodes::ChallengeId)
                    .to(Challenges::Table, Challenges::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(ChallengeCodes::Table).to_owned()).await
    }
}
