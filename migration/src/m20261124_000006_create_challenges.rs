//! The table `challenges`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Challenges {
    Table,
    Id,
    UserId,
    Purpose,
    Provider,
    SecurityStamp,
    ClientAddress,
    Attempts,
    Sends,
    CreatedAt,
    ExpiresAt,
    ConsumedAt,
    ClosedAt,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, Challenges::Table);
        table
            .col(columns::primary(columns::string(Challenges::Id, 43)))
            .col(columns::uuid(Challenges::UserId))
            .col(columns::string(Challenges::Purpose, 32))
            .col(columns::string(Challenges::Provider, 64))
            .col(columns::string(Challenges::SecurityStamp, 43))
            .col(columns::string(Challenges::ClientAddress, 45))
            .col(columns::integer(Challenges::Attempts))
            .col(columns::integer(Challenges::Sends))
            .col(columns::millis(Challenges::CreatedAt))
            .col(columns::millis(Challenges::ExpiresAt))
            .col(columns::nullable(columns::millis(Challenges::ConsumedAt)))
            .col(columns::nullable(columns::millis(Challenges::ClosedAt)))
            .foreign_key(
                ForeignKey::create()
                    .from(Challenges::Table, Challenges::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(table).await?;
        columns::index(manager, "challenges", &["user_id"]).await?;
        columns::index(manager, "challenges", &["expires_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Challenges::Table).to_owned()).await
    }
}
