#!/bin/sh
# Runs one Spark role (master, worker, driver) from /scratch/spark.properties; the other words go to Spark.
set -eu
role=$1
shift
settings=/scratch/spark.properties
# Daemons only pass messages: the small collector and the quick compiler halve their start.
daemon="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -XX:+ExitOnOutOfMemoryError"
deploy=org.apache.spark.deploy
case $role in
master) exec java $daemon -Xmx256m -cp "$SPARK_HOME/jars/*" $deploy.master.Master --properties-file $settings "$@" ;;
worker)
    # Spark waits ten seconds after a refused connection; a master that is still starting deserves less.
    for master in "$@"; do :; done
    python3 /opt/await_port.py "${master#spark://}"
    host=${master#spark://}
    python3 /opt/meter.py serve "${host%:*}" &
    exec java $daemon -Xmx128m -cp "$SPARK_HOME/jars/*" $deploy.worker.Worker --properties-file $settings "$@"
    ;;
driver) exec "$SPARK_HOME/bin/spark-submit" --properties-file $settings "$@" ;;
*) echo "unknown role: $role" >&2; exit 64 ;;
esac
