# Reads export files and prints what stands in them. Lists come in the order of their names' first
# bytes in the file, which Perl's hashes do not keep, so the names are given here.
use strict;
use warnings;
use JSON::PP;

my @lists = qw(workspaces threads messages uploaded_files generated_documents workspace_memories
    user_memories subscriptions other_records file_contents gaps);
binmode STDOUT, ':raw';
for my $path (@ARGV) {
    open my $file, '<:raw', $path or die "$path: $!";
    my $text = do { local $/; <$file> };
    my $export = JSON::PP->new->utf8->decode($text);
    print "$_ ", scalar @{ $export->{$_} }, "\n" for @lists;
    for my $message (@{ $export->{messages} }) {
        my $line = "$message->{id}\n" . ($message->{content} // '') . "\n";
        utf8::encode($line);
        print $line;
    }
}
