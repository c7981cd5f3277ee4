# RUN: check errors/no_such_file.nas errors/parts/nor_this.nas dartz errors/no_such_folder/x.nas
