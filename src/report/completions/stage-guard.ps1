# Completes what is typed after `stage-guard`, in PowerShell.

Register-ArgumentCompleter -Native -CommandName 'stage-guard' -ScriptBlock {
    param($word, $typed, $cursor)
    $before = @($typed.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursor } | ForEach-Object { "$_" })
    $command = ''
    for ($at = 0; $at -lt $before.Count; $at++) {
        if ($before[$at] -cin @with_value@) { $at++ }
        elseif (-not $before[$at].StartsWith('-')) { $command = $before[$at]; break }
    }
    $previous = if ($before.Count) { $before[-1] } else { '' }
    $offered = switch -CaseSensitive ($previous) {
@values@
        default {
            switch -CaseSensitive ($command) {
@commands@
            }
        }
    }
    $offered | Where-Object { $_ -and $_[0].StartsWith($word) } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
    }
}
