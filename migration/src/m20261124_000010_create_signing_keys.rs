//! The table `signing_keys`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum SigningKeys {
    Table,
    Id,
    Slot,
    Algorithm,
    PrivateKey,
    PublicJwk,
    CreatedAt,
    RetiredAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, SigningKeys::Table);
        table
            .col(columns::primary(columns::string(SigningKeys::Id, 43)))
            .col(columns::unique(columns::string(SigningKeys::Slot, 32)))
            .col(columns::string(SigningKeys::Algorithm, 16))
            .col(columns::blob(SigningKeys::PrivateKey))
            .col(columns::text(SigningKeys::PublicJwk))
            .col(columns::millis(SigningKeys::CreatedAt))
            .col(columns::nullable(columns::millis(SigningKeys::RetiredAt)));
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(SigningKeys::Table).to_owned()).await
    }
}
