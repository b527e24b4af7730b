import {
  type ArgumentsHost,
  Catch,
  type DynamicModule,
  Module,
  ServiceUnavailableException,
} from '@nestjs/common'
import { APP_FILTER, BaseExceptionFilter } from '@nestjs/core'
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm'
import mysql from 'aurora-mysql2/mysql2'
import { QueryFailedError } from 'typeorm'
import { NotesModule } from './notes.js'

/** A write that was under way when the writer failed: 503, with what is known of it. */
@Catch(QueryFailedError)
class FailoverFilter extends BaseExceptionFilter {
  override catch(error: QueryFailedError & { aurora?: { outcome?: string } }, host: ArgumentsHost) {
    const outcome = error.aurora?.outcome
    super.catch(outcome ? new ServiceUnavailableException({ outcome }) : error, host)
  }
}

@Module({})
class AppModule {}

/** The application, on the database that the connection's options name. */
export function appModule(connection: Partial<TypeOrmModuleOptions>): DynamicModule {
  const database = { ...connection, type: 'mysql', driver: mysql, autoLoadEntities: true }
  return {
    module: AppModule,
    imports: [TypeOrmModule.forRoot(database as TypeOrmModuleOptions), NotesModule],
    providers: [{ provide: APP_FILTER, useClass: FailoverFilter }],
  }
}
