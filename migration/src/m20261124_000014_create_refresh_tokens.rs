//! The table `refresh_tokens`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum RefreshTokens {
    Table,
    Digest,
    SessionId,
    CreatedAt,
    ExpiresAt,
    UsedAt,
}

#[derive(DeriveIden)]
enum Sessions {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, RefreshTokens::Table);
        table
            .col(columns::primary(columns::string(RefreshTokens::Digest, 43)))
            .col(columns::uuid(RefreshTokens::SessionId))
            .col(columns::millis(RefreshTokens::CreatedAt))
            .col(columns::millis(RefreshTokens::ExpiresAt))
            .col(columns::nullable(columns::millis(RefreshTokens::UsedAt)))
            .foreign_key(
                ForeignKey::create()
                    .from(RefreshTokens::Table, RefreshTokens::SessionId)
                    .to(Sessions::Table, Sessions::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(table).await?;
        columns::index(manager, "refresh_tokens", &["session_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(RefreshTokens::Table).to_owned()).await
    }
}
