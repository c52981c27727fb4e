// Functions of the runtime are declared without a body, which takes a file like this.
