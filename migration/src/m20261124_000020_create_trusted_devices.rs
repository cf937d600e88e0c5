//! The table `trusted_devices`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum TrustedDevices {
    Table,
    Id,
    UserId,
    Digest,
    ChallengeId,
    Address,
    UserAgent,
    CreatedAt,
    ExpiresAt,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, TrustedDevices::Table);
        table
            .col(columns::primary(columns::uuid(TrustedDevices::Id)))
            .col(columns::uuid(TrustedDevices::UserId))
            .col(columns::unique(columns::string(TrustedDevices::Digest, 43)))
            .col(columns::string(TrustedDevices::ChallengeId, 43))
            .col(columns::string(TrustedDevices::Address, 45))
            .col(columns::string(TrustedDevices::UserAgent, 255))
            .col(columns::millis(TrustedDevices::CreatedAt))
            .col(columns::millis(TrustedDevices::ExpiresAt))
            .foreign_key(
                ForeignKey::create()
                    .from(TrustedDevices::Table, TrustedDevices::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(table).await?;
        columns::index(manager, "trusted_devices", &["user_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(TrustedDevices::Table).to_owned()).await
    }
}
