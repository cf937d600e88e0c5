//! The table `sessions`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Sessions {
    Table,
    Id,
    UserId,
    Methods,
    AuthTime,
    Address,
    UserAgent,
    CreatedAt,
    LastUsedAt,
    ExpiresAt,
    EndedAt,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, Sessions::Table);
        table
            .col(columns::primary(columns::uuid(Sessions::Id)))
            .col(columns::uuid(Sessions::UserId))
            .col(columns::string(Sessions::Methods, 64))
            .col(columns::millis(Sessions::AuthTime))
            .col(columns::string(Sessions::Address, 45))
            .col(columns::string(Sessions::UserAgent, 255))
            .col(columns::millis(Sessions::CreatedAt))
            .col(columns::millis(Sessions::LastUsedAt))
            .col(columns::millis(Sessions::ExpiresAt))
            .col(columns::nullable(columns::millis(Sessions::EndedAt)))
            .foreign_key(
                ForeignKey::create()
                    .from(Sessions::Table, Sessions::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(table).await?;
        columns::index(manager, "sessions", &["user_id"]).await?;
        columns::index(manager, "sessions", &["expires_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Sessions::Table).to_owned()).await
    }
}
