//! The table `links`.

use sea_orm_migration::prelude::*;

use crate::columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Links {
    Table,
    Id,
    UserId,
    Purpose,
    Digest,
    Pending,
    SecurityStamp,
    CreatedAt,
    ExpiresAt,
    ConsumedAt,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = columns::table(manager, Links::Table);
        table
            .col(columns::primary(columns::uuid(Links::Id)))
            .col(columns::uuid(Links::UserId))
            .col(columns::string(Links::Purpose, 32))
            .col(columns::unique(columns::string(Links::Digest, 43)))
            .col(columns::nullable(columns::blob(Links::Pending)))
            .col(columns::string(Links::SecurityStamp, 43))
            .col(columns::millis(Links::CreatedAt))
            .col(columns::millis(Links::ExpiresAt))
            .col(columns::nullable(columns::millis(Links::ConsumedAt)))
            .foreign_key(
                ForeignKey::create()
                    .from(Links::Table, Links::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            );
        manager.create_table(table).await?;
        columns::index(manager, "links", &["user_id"]).await?;
        columns::index(manager, "links", &["expires_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Links::Table).to_owned()).await
    }
}
