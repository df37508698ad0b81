#!/usr/bin/env bash
# Compiles every line of the app, tests it on the JVM, and packages, signs and checks an APK.
#
#   build_apk.sh [RUN_DIR...]
#
# RUN_DIR: builds whose bundles go into the app; those in runs/ if none is named, and if there are
# none, a tiny image_cnn is built. EDGEKIT_ANDROID_CACHE keeps the tools, .edgekit/android if unset.
set -euo pipefail
DEMO=$(cd "$(dirname "$0")/.." && pwd)
ROOT=$(dirname "$DEMO")
PYTHON=${PYTHON:-$ROOT/.venv/bin/python}
CACHE=${EDGEKIT_ANDROID_CACHE:-${EDGEKIT_HOME:-$ROOT/.edgekit}/android}
OUT=$DEMO/build
mkdir -p "$CACHE"
WORK=$(mktemp -d "$CACHE/work.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
# shellcheck source=tools.sh
. "$DEMO/ci/tools.sh"

stage() { printf -- '-- %s (%s s)\n' "$1" "$SECONDS"; }

kotlinc() { # CLASSPATH OUT SOURCE...
  local classpath=$1 out=$2
  shift 2
  bash "$KOTLIN/bin/kotlinc" -no-reflect -jvm-target 1.8 -Werror -cp "$classpath" -d "$out" "$@"
}

runs=("$@")
if [ "${#runs[@]}" = 0 ]; then
  while read -r run; do runs+=("$run"); done < <("$PYTHON" "$DEMO/ci/make_bundles.py" --list "$ROOT/runs")
fi

stage "tools"
fetch_tools
rm -rf "$OUT"
mkdir -p "$OUT/classes" "$OUT/gen" "$OUT/dex"

if [ "${#runs[@]}" = 0 ]; then
  stage "a tiny build of image_cnn, for there are no others"
  "$PYTHON" -m edgekit build image_cnn --size tiny --variant float32 --variant int8 \
    --out "$OUT/runs" >/dev/null || test -f "$OUT/runs/image_cnn/report.json"
  runs=("$OUT/runs/image_cnn")
fi

stage "bundles"
ASSETS=$OUT/assets
"$PYTHON" "$DEMO/ci/make_bundles.py" --out "$ASSETS/bundles" "${runs[@]}"

stage "what Python answers"
"$PYTHON" "$DEMO/ci/make_cases.py" "$OUT/cases" "$ASSETS/bundles" "${runs[@]}"

stage "core, in plain Kotlin"
CORE=$OUT/classes/core
kotlinc "" "$CORE" "$DEMO/core/src/main/kotlin"

stage "app, against Android's API 23 and signatures of LiteRT's"
SHIM=$OUT/classes/shim APP=$OUT/classes/app
kotlinc "$ANDROID_JAR:$JAVA_LIBRARIES/jna.jar" "$SHIM" "$DEMO/host/src/main/kotlin"
sed '/uses-native-library/d; s/[$]{applicationId}/edgekit.demo/g; s/<manifest /&package="edgekit.demo" /' \
  "$DEMO/app/src/main/AndroidManifest.xml" >"$OUT/AndroidManifest.xml"
aapt2 compile --dir "$DEMO/app/src/main/res" -o "$OUT/res.zip"
aapt2 link -I "$FRAMEWORK" --manifest "$OUT/AndroidManifest.xml" --java "$OUT/gen" -A "$ASSETS" \
  -0 .tflite --min-sdk-version 24 --target-sdk-version 36 --version-code 1 --version-name 1.0 \
  -o "$OUT/unaligned.apk" "$OUT/res.zip"
javac -nowarn --release 8 -Xlint:-options -cp "$ANDROID_JAR" -d "$OUT/classes/r" $(find "$OUT/gen" -name '*.java')
kotlinc "$ANDROID_JAR:$CORE:$SHIM:$OUT/classes/r" "$APP" "$DEMO/app/src/main/kotlin"

stage "tests on the JVM"
JUNIT=$JAVA_LIBRARIES/junit-platform-console-standalone.jar
JUNIT=$JUNIT:$JAVA_LIBRARIES/opentest4j.jar:$JAVA_LIBRARIES/apiguardian-api.jar
BOTH=$CORE:$SHIM:$APP:$JAVA_LIBRARIES/jna.jar:$KOTLIN/lib/kotlin-stdlib.jar:$ANDROID_JAR
kotlinc "$BOTH:$JUNIT" "$OUT/classes/tests" "$DEMO/core/src/test/kotlin" "$DEMO/host/src/test/kotlin"
LITERT=$("$PYTHON" -c 'from importlib.util import find_spec; from pathlib import Path
print(Path(find_spec("ai_edge_litert").origin).with_name("libLiteRt.so"))')
java -Dedgekit.cases="$OUT/cases" -Dedgekit.litert.library="$LITERT" \
  -cp "$OUT/classes/tests:$BOTH:$JUNIT" org.junit.platform.console.ConsoleLauncher \
  --scan-classpath "$OUT/classes/tests" --include-engine junit-jupiter --fail-if-no-tests \
  --details=tree --disable-banner --disable-ansi-colors >"$OUT/tests.log" 2>"$OUT/litert.log" ||
  { grep -v '\[OK\]' "$OUT/tests.log"; exit 1; }
grep -E 'tests (successful|skipped|failed)' "$OUT/tests.log"

stage "the reports of those self-tests, judged on the desk"
for bundle in "$ASSETS"/bundles/*; do
  report=$OUT/cases/bundle-${bundle##*/}/device_report.json
  "$PYTHON" -m edgekit verify "$bundle" --device-report "$report" >"$OUT/verdict.log" ||
    { cat "$OUT/verdict.log"; exit 1; }
done

stage "APK"
java -cp "$D8_JAR" com.android.tools.r8.D8 --release --min-api 24 --lib "$ANDROID_JAR" \
  --classpath "$SHIM" --output "$OUT/dex" "$KOTLIN/lib/kotlin-stdlib.jar" \
  $(find "$CORE" "$APP" "$OUT/classes/r" -name '*.class')
(cd "$OUT/dex" && zip -qX "$OUT/unaligned.apk" classes*.dex)
zipalign -f -p 4 "$OUT/unaligned.apk" "$OUT/aligned.apk"
keytool -genkeypair -keystore "$WORK/debug.jks" -storepass android -alias debug -keyalg RSA \
  -keysize 2048 -validity 10000 -dname CN=edgekit >/dev/null 2>&1
apksigner sign --ks "$WORK/debug.jks" --ks-pass pass:android --min-sdk-version 24 \
  --out "$OUT/edgekit-demo.apk" "$OUT/aligned.apk"
apksigner verify --min-sdk-version 24 "$OUT/edgekit-demo.apk"
"$PYTHON" "$DEMO/ci/check_apk.py" "$OUT/edgekit-demo.apk"

stage "done"
cat <<TEXT
Proven here: all Kotlin of core and app compiles without a warning (the app against Android's API 23 and
signatures of LiteRT's Kotlin API that are ours); core gives networks what Python gives them and makes of
their answers what Python makes; the app's inference class runs the bundled models by LiteRT's library
for this machine and answers as Python; reports of its self-test are judged right on the desk; the APK is
signed, and its models can be mapped into memory.
Not run here: Gradle, a phone, a GPU, Android's camera, microphone and screen. This APK holds no LiteRT
library, which comes from Google's Maven: the app for a phone is made by Android Studio.
TEXT
