import {
  Body,
  Controller,
  Get,
  Injectable,
  Module,
  Param,
  ParseIntPipe,
  Post,
} from '@nestjs/common'
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm'
import { Column, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm'

@Entity()
export class Note {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 100 })
  text!: string
}

@Injectable()
export class NotesService {
  constructor(@InjectRepository(Note) private readonly notes: Repository<Note>) {}

  /** The find sees what the save has written: both belong to one HTTP request. */
  async add(text: string): Promise<Note> {
    const { id } = await this.notes.save({ text })
    return this.notes.findOneByOrFail({ id })
  }

  find(id: number): Promise<Note> {
    return this.notes.findOneByOrFail({ id })
  }

  count(): Promise<number> {
    return this.notes.count()
  }
}

@Controller('notes')
export class NotesController {
  constructor(private readonly notes: NotesService) {}

  @Post()
  add(@Body('text') text: string): Promise<Note> {
    return this.notes.add(text)
  }

  @Get(':id')
  find(@Param('id', ParseIntPipe) id: number): Promise<Note> {
    return this.notes.find(id)
  }
}

@Module({
  imports: [TypeOrmModule.forFeature([Note])],
  controllers: [NotesController],
  providers: [NotesService],
})
export class NotesModule {}
