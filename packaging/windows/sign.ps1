# Signs the files that it is given, with a time stamp, so that the signature outlives the certificate.
# Does nothing, and says so, without a certificate: WINDOWS_CERTIFICATE (base64 of a .pfx) and its password.
param([Parameter(Mandatory = $true, ValueFromRemainingArguments = $true)][string[]]$Files)
$ErrorActionPreference = "Stop"
if (-not $env:WINDOWS_CERTIFICATE) {
    Write-Output "Not signed: there is no certificate."
    exit 0
}
$tool = Get-ChildItem "${env:ProgramFiles(x86)}\Windows Kits\10\bin\*\x64\signtool.exe" | Sort-Object FullName | Select-Object -Last 1
if (-not $tool) { throw "signtool.exe was not found: the Windows SDK is missing." }
$certificate = Join-Path ([IO.Path]::GetTempPath()) "$([guid]::NewGuid()).pfx"
try {
    [IO.File]::WriteAllBytes($certificate, [Convert]::FromBase64String($env:WINDOWS_CERTIFICATE))
    foreach ($file in $Files) {
        & $tool.FullName sign /fd SHA256 /f $certificate /p $env:WINDOWS_CERTIFICATE_PASSWORD `
            /tr http://timestamp.digicert.com /td SHA256 /d "V-Mart AI Agent" $file
        if ($LASTEXITCODE -ne 0) { throw "signtool failed for $file." }
        & $tool.FullName verify /pa /tw $file
        if ($LASTEXITCODE -ne 0) { throw "The signature of $file does not hold." }
    }
} finally {
    Remove-Item -Force -ErrorAction SilentlyContinue $certificate
}
