# The installer around the folder in dist\, with Microsoft's web view bootstrapper inside. Needs Inno Setup 6.
param([Parameter(Mandatory = $true)][string]$Release)
$ErrorActionPreference = "Stop"
$root = Resolve-Path "$PSScriptRoot\..\.."
$program = Get-ChildItem "$root\dist\vmart-agent-$Release-windows-*" -Directory | Select-Object -First 1
if (-not $program) { throw "dist holds no folder: run build.py package first." }
$bootstrap = "$root\build\package\webview2.exe"
Invoke-WebRequest "https://go.microsoft.com/fwlink/p/?LinkId=2124703" -OutFile $bootstrap
$signature = Get-AuthenticodeSignature $bootstrap
if ($signature.Status -ne "Valid" -or $signature.SignerCertificate.Subject -notmatch "O=Microsoft Corporation") {
    throw "What was fetched as Microsoft's bootstrapper is not signed by Microsoft."
}
& "$PSScriptRoot\sign.ps1" "$($program.FullName)\vmart-agent.exe"
& "${env:ProgramFiles(x86)}\Inno Setup 6\ISCC.exe" "/DRelease=$Release" "/DProgram=$($program.FullName)" `
    "/DIcon=$root\build\package\assets\app.ico" "/DBootstrap=$bootstrap" "/DOutput=$root\dist" `
    "$PSScriptRoot\installer.iss"
if ($LASTEXITCODE -ne 0) { throw "Inno Setup failed." }
& "$PSScriptRoot\sign.ps1" "$root\dist\vmart-agent-$Release-windows-setup.exe"
