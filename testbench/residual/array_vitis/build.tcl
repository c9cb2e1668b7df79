# residual in AMD Vitis HLS.  Up to 2022.2:  vitis_hls -f build.tcl
# From 2023.1:  vitis-run --mode hls --tcl build.tcl
# Steps: edit here, or set QHLS_STEPS, for example  QHLS_STEPS="csim csynth cosim export".
set steps {csim csynth}
if {[info exists ::env(QHLS_STEPS)]} { set steps [split $::env(QHLS_STEPS)] }
# Arguments of the co-simulation, for example  QHLS_COSIM="-rtl verilog -trace_level all".
set cosim {-rtl verilog}
if {[info exists ::env(QHLS_COSIM)]} { set cosim [split $::env(QHLS_COSIM)] }
set here [file normalize [file dirname [info script]]]
cd $here  ;# paths below are relative: the tool splits others at their spaces

open_project -reset residual_prj
set_top residual
add_files src/residual.cpp -cflags "-std=c++14 -DQHLS_TAPS"
add_files -tb tb/residual_test.cpp -cflags "-std=c++14 -DQHLS_TAPS"
add_files -tb tb_data
open_solution -reset solution1 -flow_target vivado
set_part {xcvu13p-flga2577-2-e}
create_clock -period 5.0 -name default

if {"csim" in $steps} { csim_design }
if {"csynth" in $steps} { csynth_design }
if {"cosim" in $steps} { cosim_design {*}$cosim }
if {"export" in $steps} { export_design -format ip_catalog }
exit
