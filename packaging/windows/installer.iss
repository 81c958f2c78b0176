; The Windows installer: the folder that `build.py package` made, for this person or for the whole machine.
; iscc /DRelease=0.1.0 /DProgram=DIR /DIcon=FILE /DBootstrap=FILE /DOutput=DIR packaging\windows\installer.iss

#define Name "V-Mart AI Agent"
#define Exe "vmart-agent.exe"

[Setup]
AppId={{6E0C9D1B-6B0E-4C5E-9C1C-0D2B5B7B7A54}
AppName={#Name}
AppVersion={#Release}
AppPublisher=V-Mart
VersionInfoVersion={#Release}
DefaultDirName={autopf}\{#Name}
DefaultGroupName={#Name}
DisableProgramGroupPage=yes
UninstallDisplayIcon={app}\{#Exe}
SetupIconFile={#Icon}
OutputDir={#Output}
OutputBaseFilename=vmart-agent-{#Release}-windows-setup
Compression=lzma2/max
SolidCompression=yes
WizardStyle=modern
; nobody needs an administrator to install it for themselves
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
CloseApplications=yes
RestartApplications=no

[InstallDelete]
; parts of an earlier release would be loaded beside those of this one
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Program}\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion
Source: "{#Bootstrap}"; DestDir: "{tmp}"; DestName: "webview2.exe"; Flags: deleteafterinstall; Check: WebViewIsMissing

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked

[Icons]
Name: "{group}\{#Name}"; Filename: "{app}\{#Exe}"
Name: "{autodesktop}\{#Name}"; Filename: "{app}\{#Exe}"; Tasks: desktopicon

[Registry]
; a connect link opens the program, which shows it and asks
Root: HKA; Subkey: "Software\Classes\vmart"; ValueType: string; ValueName: ""; ValueData: "URL:V-Mart AI Agent"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\vmart"; ValueType: string; ValueName: "URL Protocol"; ValueData: ""
Root: HKA; Subkey: "Software\Classes\vmart\shell\open\command"; ValueType: string; ValueName: ""; ValueData: """{app}\{#Exe}"" ""%1"""

[Run]
Filename: "{tmp}\webview2.exe"; Parameters: "/silent /install"; StatusMsg: "Installing Microsoft's web view"; Check: WebViewIsMissing
Filename: "{app}\{#Exe}"; Description: "{cm:LaunchProgram,{#Name}}"; Flags: nowait postinstall skipifsilent

[UninstallRun]
; takes away starting at login; conversations stay, for they belong to the person
Filename: "{app}\{#Exe}"; Parameters: "clean-up --yes"; Flags: runhidden; RunOnceId: "CleanUp"

[Code]
function Found(Root: Integer; Key: String): Boolean;
var
  Version: String;
begin
  Result := RegQueryStringValue(Root, Key, 'pv', Version) and (Version <> '') and (Version <> '0.0.0.0');
end;

function WebViewIsMissing: Boolean;
var
  Client: String;
begin
  { the runtime's own number, from Microsoft's page on how to distribute it }
  Client := 'Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}';
  Result := not (Found(HKLM, 'SOFTWARE\WOW6432Node\' + Client) or Found(HKLM, 'SOFTWARE\' + Client)
    or Found(HKCU, 'Software\' + Client));
end;
