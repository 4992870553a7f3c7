# Lets the browser start VLC: registers a program for addresses that begin with vlc://, for your user only.
#   powershell -ExecutionPolicy Bypass -File ecm-vlc-windows.ps1            set up
#   powershell -ExecutionPolicy Bypass -File ecm-vlc-windows.ps1 -Remove    take it away again
param([switch]$Remove)
$ErrorActionPreference = "Stop"

$folder = Join-Path $env:LOCALAPPDATA "ECM Open in VLC"
$program = Join-Path $folder "open.ps1"
$key = "HKCU:\Software\Classes\vlc"

if ($Remove) {
    if (Test-Path $key) { Remove-Item $key -Recurse }
    if (Test-Path $folder) { Remove-Item $folder -Recurse }
    Write-Host "Removed."
    exit 0
}

$vlc = @("$env:ProgramFiles\VideoLAN\VLC\vlc.exe", "${env:ProgramFiles(x86)}\VideoLAN\VLC\vlc.exe") |
    Where-Object { Test-Path $_ } | Select-Object -First 1
if (-not $vlc) {
    Write-Error "VLC was not found. Install it first: https://www.videolan.org/vlc/"
    exit 1
}

New-Item $folder -ItemType Directory -Force | Out-Null
# Some browsers turn vlc://http://host into vlc://http//host; both are understood. Nothing but web addresses is opened.
@"
param([string]`$Address)
`$Address = `$Address -replace '^vlc:(//)?', '' -replace '^(https?):?/+', '`$1://'
if (`$Address -match '^https?://[^\s"]+$') {
    Start-Process -FilePath '$vlc' -ArgumentList @('--', ('"' + `$Address + '"'))
}
"@ | Set-Content $program -Encoding UTF8

New-Item "$key\shell\open\command" -Force | Out-Null
Set-ItemProperty $key -Name "(default)" -Value "URL:VLC"
Set-ItemProperty $key -Name "URL Protocol" -Value ""
$command = "powershell.exe -NoProfile -ExecutionPolicy Bypass -WindowStyle Hidden -File `"$program`" `"%1`""
Set-ItemProperty "$key\shell\open\command" -Name "(default)" -Value $command
Write-Host "Done. The browser asks once whether it may open the program."
